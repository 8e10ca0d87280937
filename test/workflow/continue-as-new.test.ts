import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { workspaceEnds } from '../../client/workspace-ends.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { memoKey, searchAttribute } from '../../contracts/words/messages.ts';
import { shell } from '../helpers/fake-facts.ts';
import { type PlayedTask, until } from '../helpers/task-play.ts';
import { iterationCosts, runsOf } from './history.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('npm run build'), shell('git diff --stat'), shell('ls src')] };

/** So many iterations of work, then done. The server of the tests suggests to continue as new after 400 events. */
const after = (iterations: number) => (iteration: number) => (iteration > iterations ? {} : act);

async function watched(task: PlayedTask): Promise<readonly TaskEvent[]> {
  const events: TaskEvent[] = [];
  const options = { signal: new AbortController().signal, live: false, follow: true };
  for await (const event of stage().client.watch(task.taskId, options)) events.push(event);
  return events;
}

test.concurrent('a task of many runs is one task: nothing is lost, shown twice or grown', async () => {
  const count = 62;
  const task = await stage().play(after(count), { budget: { maxUsd: null, maxIterations: 99 } });
  const live = await watched(task);
  expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: count + 1 });

  const runs = await runsOf(stage().temporal, task.taskId);
  expect(runs.length).toBeGreaterThan(2);
  const iterations = Array.from({ length: count + 1 }, (_, index) => index + 1);
  expect((await task.records()).map((record) => record.iteration)).toEqual(iterations);
  expect(live).toEqual(await task.events());
  const planned = live.flatMap((event) => (event.type === 'iteration.planned' ? [event.iteration] : []));
  expect(planned).toEqual(iterations);
  expect(live.filter((event) => event.type === 'task.started')).toHaveLength(1);
  expect(new Set(live.map((event) => event.seq.split('.')[0])).size).toBe(runs.length);

  const { memo, searchAttributes } = await task.handle.describe();
  expect(memo).toMatchObject({ [memoKey.requestedBy]: 'ann', [memoKey.instruction]: expect.any(String) });
  expect(searchAttributes).toMatchObject({
    [searchAttribute.status]: ['delivered'],
    [searchAttribute.repository]: ['/projects/rounding'],
  });

  const costs = runs.flatMap(iterationCosts);
  for (const { events, bytes } of costs) {
    expect(events).toBeLessThanOrEqual(24);
    expect(bytes).toBeLessThanOrEqual(12 * 1024);
  }
  const [early, late] = [costs[4], costs.at(-1)];
  expect(late?.events).toBe(early?.events);
  expect(Math.abs((late?.bytes ?? 0) - (early?.bytes ?? 0))).toBeLessThan(300);
});

test.concurrent('a task whose first run is past the retention still has a story and a change', async () => {
  const task = await stage().play(after(30), { budget: { maxUsd: null, maxIterations: 99 } });
  await task.outcome();
  const { temporal } = stage();
  const whole = await task.events();
  const { raw, runId } = await task.handle.describe();
  const first = raw.workflowExecutionInfo?.firstRunId ?? '';
  expect(first).not.toBe(runId);
  await temporal.workflowService.deleteWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: task.taskId, runId: first },
  });
  const rest = await until(async () => {
    const events = await task.events();
    return events.length < whole.length ? events : undefined;
  }, 'the deletion of the first run');
  expect(rest.map(({ seq: _, ...event }) => event)).toEqual(
    whole.slice(-rest.length).map(({ seq: _, ...event }) => event),
  );

  const { workspace } = await task.state();
  const ends = { base: workspace?.baseCommit, newest: workspace?.commit };
  expect(await workspaceEnds(temporal, task.taskId)).toEqual(ends);
  // Played, since the other tests need the worker.
  const withoutWorker = Object.create(temporal, {
    withDeadline: { value: () => Promise.reject(new Error('no worker')) },
  });
  expect(await workspaceEnds(withoutWorker, task.taskId)).toEqual(ends);
});

test.concurrent('what people say around a continue-as-new reaches the model once, in order', async () => {
  const task = await stage().play(after(30), { budget: { maxUsd: null, maxIterations: 99 } });
  const sent: string[] = [];
  const done = new AbortController();
  const talk = (async () => {
    while (!done.signal.aborted) {
      const text = `steer ${sent.length + 1}`;
      await stage()
        .client.steer(task.taskId, text, 'ann')
        .then(
          () => sent.push(text),
          () => {},
        );
      await delay(20);
    }
  })();
  await task.outcome();
  done.abort();
  await talk;
  expect((await runsOf(stage().temporal, task.taskId)).length).toBeGreaterThan(1);
  const read = task.stages.inputs('plan').flatMap((input) => input.steers.map((steer) => steer.text));
  const left = (await task.state()).steers.map((steer) => steer.text);
  expect([...read, ...left]).toEqual(sent.slice(0, read.length + left.length));
  const recorded = (await task.records()).flatMap((record) => record.steers.map((steer) => steer.text));
  expect(recorded).toEqual(read);
  // Only what came after the last plan may be left.
  expect(left.length).toBeLessThan(sent.length / 2);
});

test.concurrent('what waits to be read when a new run begins is read by its first plan', async () => {
  const count = 24;
  const task = await stage().play(after(count));
  const holds = Array.from({ length: count }, () => task.stages.hold('evaluate'));
  for (const [index, hold] of holds.entries()) {
    await hold.reached;
    await stage().client.steer(task.taskId, `steer ${index + 1}`, 'ann');
    hold.release();
  }
  await task.outcome();
  const { length } = await runsOf(stage().temporal, task.taskId);
  expect(length).toBeGreaterThan(1);
  const read = task.stages.inputs('plan').map((input) => input.steers.map((steer) => steer.text));
  expect(read).toEqual([[], ...holds.map((_, index) => [`steer ${index + 1}`])]);
});

test.concurrent('an answer between two iterations is in the ledger, also when a new run began in between', async () => {
  const stuck = { ...act, evaluation: { next: 'ask' as const, reason: 'no progress' } };
  const task = await stage().play((iteration) => {
    if (iteration > 24) return {};
    return iteration >= 12 ? stuck : act;
  });
  for (let iteration = 12; iteration <= 24; iteration++) {
    const { pending } = await task.stateWhen(
      (state) => state.pending[0]?.approvalId === `i${iteration}.go-on-1`,
    );
    if (pending[0]) await task.answer(pending[0], { reason: `on ${iteration}` });
  }
  await task.outcome();
  expect((await runsOf(stage().temporal, task.taskId)).length).toBeGreaterThan(1);
  const asked = Array.from({ length: 13 }, (_, index) => `on ${index + 12}`);
  const recorded = (await task.records()).flatMap((record) => record.approvals.map((a) => a.reason));
  expect(recorded).toEqual(asked);
  const told = task.stages.inputs('plan').flatMap((input) => input.notices);
  expect(told).toEqual(asked.map((reason) => `ann says: go on. ${reason}`));
});
