import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { TaskId } from '../contracts/ids.ts';
import type { WaitingNote } from '../contracts/task-state.ts';
import { memoKey, searchAttribute, workflowType } from '../contracts/words/messages.ts';
import { endedStatuses } from '../contracts/words/sets.ts';
import { classifyClientError } from './errors.ts';
import type { TaskListEntry } from './task-client.ts';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const keys = {
  status: keyword(searchAttribute.status),
  repository: keyword(searchAttribute.repository),
  approval: keyword(searchAttribute.approval),
};

/** The newest tasks first, from visibility, which may lag behind by a second. A status that is no plain word is refused: it would be part of a query. */
export async function listTasks(
  client: Client,
  filter: { readonly status?: string; readonly limit: number },
): Promise<readonly TaskListEntry[]> {
  const conditions = [`WorkflowType = '${workflowType}'`, `ExecutionStatus != 'ContinuedAsNew'`];
  if (filter.status !== undefined) {
    if (!/^[a-z]+$/.test(filter.status)) return [];
    conditions.push(`${searchAttribute.status} = '${filter.status}'`);
  }
  const entries: TaskListEntry[] = [];
  try {
    for await (const info of client.workflow.list({ query: conditions.join(' AND ') })) {
      entries.push(entryOf(info));
      if (entries.length >= filter.limit) break;
    }
  } catch (error) {
    throw classifyClientError(error, '');
  }
  return entries;
}

function entryOf(info: WorkflowExecutionInfo): TaskListEntry {
  const attributes = info.typedSearchAttributes;
  const status = attributes.get(keys.status) ?? 'preparing';
  const killed = info.status.name !== 'RUNNING' && !endedStatuses.some((ended) => ended === status);
  return {
    taskId: info.workflowId as TaskId,
    status: killed ? 'failed' : status,
    instruction: String(info.memo?.[memoKey.instruction] ?? ''),
    repository: attributes.get(keys.repository) ?? '',
    startedAtMs: info.startTime.getTime(),
    endedAtMs: info.closeTime?.getTime() ?? null,
    approvalId: attributes.get(keys.approval) ?? null,
    // Written by this product's own workflow, whose type it is.
    waiting: (info.memo?.[memoKey.waiting] as WaitingNote | null | undefined) ?? null,
  };
}
