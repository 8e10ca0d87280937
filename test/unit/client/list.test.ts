import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { expect, test } from 'vitest';
import { listTasks } from '../../../client/list.ts';

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Temporal's visibility with these tasks; keeps the queries that it was asked. */
function visibility(tasks: readonly Listed[]) {
  const queries: string[] = [];
  const client = {
    workflow: {
      async *list({ query }: { readonly query: string }) {
        queries.push(query);
        for (const { id, status, attributes } of tasks) {
          yield {
            workflowId: id,
            status: { name: status },
            memo: { instruction: 'Round amounts' },
            startTime: new Date(1000),
            typedSearchAttributes: { get: ({ name }: { readonly name: string }) => attributes[name] },
          };
        }
      },
    },
  };
  return { client: client as unknown as Client, queries };
}

test('the names of the attributes are those of the wire', () => {
  expect(defineSearchAttributeKey('LonghaulStatus', SearchAttributeType.KEYWORD).name).toBe('LonghaulStatus');
});

test('a task that was ended from outside is not shown as running', async () => {
  const { client } = visibility([
    { id: 'one', status: 'RUNNING', attributes: { LonghaulStatus: 'waiting', LonghaulApproval: 'i1.a0' } },
    { id: 'two', status: 'TERMINATED', attributes: { LonghaulStatus: 'running' } },
    { id: 'three', status: 'COMPLETED', attributes: { LonghaulStatus: 'delivered' } },
    { id: 'four', status: 'RUNNING', attributes: {} },
  ]);
  const entries = await listTasks(client, { limit: 9 });
  expect(entries.map((entry) => [entry.taskId, entry.status, entry.approvalId])).toEqual([
    ['one', 'waiting', 'i1.a0'],
    ['two', 'failed', null],
    ['three', 'delivered', null],
    ['four', 'preparing', null],
  ]);
});

test('it stops at its limit', async () => {
  const task = { id: 'one', status: 'RUNNING', attributes: {} };
  const { client } = visibility([task, task, task]);
  expect(await listTasks(client, { limit: 2 })).toHaveLength(2);
});

test('a filter is a plain word, and anything else never becomes part of a query', async () => {
  const { client, queries } = visibility([]);
  await listTasks(client, { status: 'waiting', limit: 9 });
  expect(queries).toEqual([expect.stringContaining("LonghaulStatus = 'waiting'")]);
  expect(await listTasks(client, { status: "x' OR WorkflowType = 'other", limit: 9 })).toEqual([]);
  expect(queries).toHaveLength(1);
});
