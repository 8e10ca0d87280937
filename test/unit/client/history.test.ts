import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { history } from '../../../client/history.ts';
import type { HistoryEvent } from '../../../client/projection/event-body.ts';

/** One answer of the server: a page of events, or a fault. */
type Answer = { readonly events: readonly HistoryEvent[]; readonly token?: string } | Error;

const grpc = (code: number) => Object.assign(new Error(`${code}`), { code, details: 'x', metadata: {} });
const event = (id: number, more: HistoryEvent = {}): HistoryEvent => ({ eventId: id as never, ...more });
const ends = (id: number) => event(id, { workflowExecutionCompletedEventAttributes: {} });

/** A server that answers each run's questions in turn, and fails on one more. */
function server(runs: Readonly<Record<string, readonly Answer[]>>) {
  const left = new Map(Object.entries(runs).map(([runId, answers]) => [runId, [...answers]]));
  const asked: string[] = [];
  const client = {
    options: { namespace: 'default' },
    withAbortSignal: (_: AbortSignal, call: () => unknown) => call(),
    workflow: {
      getHandle: () => ({
        describe: async () => ({ runId: 'last', raw: { workflowExecutionInfo: { firstRunId: 'first' } } }),
      }),
    },
    workflowService: {
      async getWorkflowExecutionHistory(request: {
        readonly execution: { readonly runId: string };
        readonly nextPageToken?: Uint8Array;
      }) {
        const { runId } = request.execution;
        asked.push(`${runId}:${request.nextPageToken ? Buffer.from(request.nextPageToken).toString() : ''}`);
        const answer = left.get(runId)?.shift();
        if (answer === undefined) throw new Error(`nothing is left to ask of ${runId}`);
        if (answer instanceof Error) throw answer;
        return { history: { events: answer.events }, nextPageToken: Buffer.from(answer.token ?? '') };
      },
    },
  };
  return { client: client as unknown as Client, asked };
}

async function read(client: Client, follow: boolean, signal = new AbortController().signal) {
  const places: string[] = [];
  for await (const { runIndex, event: found } of history(client, 't', { follow, signal }))
    places.push(`${runIndex}.${String(found.eventId)}`);
  return places;
}

test('pages are joined, and runs follow each other from the first', async () => {
  const goesOn = event(3, { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'last' } });
  const { client, asked } = server({
    first: [{ events: [event(1), event(2)], token: 'a' }, { events: [goesOn] }],
    last: [{ events: [event(1)], token: 'b' }, { events: [ends(2)] }],
  });
  expect(await read(client, true)).toEqual(['0.1', '0.2', '0.3', '1.1', '1.2']);
  expect(asked).toEqual(['first:', 'first:a', 'last:', 'last:b']);
});

test('after an outage it begins anew, and gives nothing twice', async () => {
  const { client } = server({
    first: [
      { events: [event(1), event(2)], token: 'a' },
      grpc(14),
      grpc(4),
      { events: [event(1), event(2), event(3)], token: 'b' },
      { events: [ends(4)] },
    ],
  });
  expect(await read(client, true)).toEqual(['0.1', '0.2', '0.3', '0.4']);
});

test('a long poll that saw nothing is asked again, with the same place', async () => {
  const { client, asked } = server({
    first: [{ events: [event(1)], token: 'a' }, { events: [], token: 'a' }, { events: [ends(2)] }],
  });
  expect(await read(client, true)).toEqual(['0.1', '0.2']);
  expect(asked).toEqual(['first:', 'first:a', 'first:a']);
});

test('without following it ends where history ends now', async () => {
  const { client } = server({ first: [{ events: [event(1)] }] });
  expect(await read(client, false)).toEqual(['0.1']);
});

test('an error that waiting does not cure is thrown', async () => {
  const { client } = server({ first: [grpc(7)] });
  await expect(read(client, true)).rejects.toMatchObject({ code: 7 });
});

test('who stops watching stops the asking, also during an outage', async () => {
  const stop = new AbortController();
  const { client, asked } = server({ first: [{ events: [event(1)], token: 'a' }, grpc(14)] });
  const reading = read(client, true, stop.signal);
  await expect.poll(() => asked.length).toBe(2);
  stop.abort();
  expect(await reading).toEqual(['0.1']);
});

test('when the first run is past the retention, the story begins with the oldest that is still there', async () => {
  const begins = (from: string) =>
    event(1, { workflowExecutionStartedEventAttributes: { continuedExecutionRunId: from } });
  const goesOn = event(2, { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'last' } });
  const { client } = server({
    first: [grpc(5)],
    second: [grpc(5)],
    third: [grpc(14), { events: [begins('second')] }, { events: [begins('second'), goesOn] }],
    last: [{ events: [begins('third')] }, { events: [begins('third'), ends(2)] }],
  });
  expect(await read(client, true)).toEqual(['0.1', '0.2', '1.1', '1.2']);
});

test('a task that is gone whole is an error', async () => {
  const { client } = server({ first: [grpc(5)], last: [grpc(5), grpc(5)] });
  await expect(read(client, true)).rejects.toMatchObject({ code: 5 });
});
