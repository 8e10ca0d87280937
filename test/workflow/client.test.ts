import { expect, test } from 'vitest';
import { createTaskClient } from '../../client/create-task-client.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { ApprovalIdSchema, type TaskId } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { fakeSpec, shell } from '../helpers/fake-facts.ts';
import { type PlayedTask, until } from '../helpers/task-play.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };
const unknown = 'no-such-task' as TaskId;

/** Watches with what runs now, up to the first event that is sought. */
async function firstLive(task: PlayedTask, sought: (event: TaskEvent) => boolean): Promise<TaskEvent> {
  const stop = new AbortController();
  for await (const event of stage().client.watch(task.taskId, {
    signal: stop.signal,
    live: true,
    follow: true,
  })) {
    if (sought(event)) return event;
  }
  throw new Error('the watch ended');
}

test.concurrent('a task that is started twice is one task, and its id is not used again', async () => {
  const task = await stage().play([{}]);
  const again = fakeSpec(task.taskId, { instruction: 'something else' });
  expect(await stage().client.start(again)).toBe(task.taskId);
  await task.outcome();
  await expect(stage().client.start(again)).rejects.toMatchObject({ code: 'usage.invalid' });
  expect(task.stages.inputs('fetchRepository')).toHaveLength(1);
  expect((await task.events())[0]).toMatchObject({ instruction: 'Round amounts to whole cents' });
});

test.concurrent('a specification that is too long is refused before anything starts', async () => {
  const constraints = Array.from({ length: 13 }, () => 'x'.repeat(4000));
  const spec = fakeSpec('too-long' as TaskId, { constraints });
  await expect(stage().client.start(spec)).rejects.toMatchObject({ code: 'payload.too_large' });
  await expect(stage().client.state(spec.taskId)).rejects.toMatchObject({ code: 'task.not_found' });
});

test.concurrent.each([
  'https://ann:secret@git.example/x',
  'https://ghp_secret@git.example/x',
  'ssh://git:secret@git.example/x',
])('a task of %s is refused before its password is in a history', async (repository) => {
  const spec = fakeSpec(`password-${repository.length}` as TaskId, { repository });
  const refused = expect(stage().client.start(spec)).rejects;
  await refused.toMatchObject({ code: 'usage.invalid', message: expect.not.stringContaining('secret') });
  await expect(stage().client.state(spec.taskId)).rejects.toMatchObject({ code: 'task.not_found' });
});

test.concurrent('what is asked of a task that does not exist is an error that says so', async () => {
  const { client } = stage();
  const options = { signal: new AbortController().signal, live: true, follow: true };
  const notFound = { code: 'task.not_found' };
  await expect(client.watch(unknown, options)[Symbol.asyncIterator]().next()).rejects.toMatchObject(notFound);
  await expect(client.steer(unknown, 'hello', 'ann')).rejects.toMatchObject(notFound);
  await expect(client.rollback(unknown, 0, 'ann')).rejects.toMatchObject(notFound);
});

test.concurrent('what runs now is shown while it runs', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('execute');
  const running = await firstLive(task, (event) => event.type === 'live.running' && event.what === 'execute');
  expect(running).toMatchObject({ sinceMs: expect.any(Number), seq: '' });
  hold.release();
  await task.outcome();
});

test.concurrent('a fault that is waited out is shown, with the time of the next try', async () => {
  const beganMs = Date.now();
  const task = await stage().play([{}]);
  task.stages.fail('plan', new LonghaulError('model.rate_limited', 'slow down', { retryAfterMs: 600_000 }));
  const retrying = await firstLive(task, (event) => event.type === 'live.retrying');
  expect(retrying).toMatchObject({ what: 'plan', attempt: 2, error: 'model.rate_limited: slow down' });
  const { nextAttemptAtMs } = retrying as Extract<typeof retrying, { type: 'live.retrying' }>;
  expect(nextAttemptAtMs).toBeGreaterThanOrEqual(beganMs + 600_000);
  expect(nextAttemptAtMs).toBeLessThan(Date.now() + 600_000);
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('who stops watching gets an end, not an error', async () => {
  const task = await stage().play([act, {}]);
  const hold = task.stages.hold('plan');
  await hold.reached;
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const event of stage().client.watch(task.taskId, {
    signal: stop.signal,
    live: true,
    follow: true,
  })) {
    seen.push(event.type);
    stop.abort();
  }
  expect(seen[0]).toBe('task.started');
  hold.release();
  await task.outcome();
});

test.concurrent('a card that was changed in the store is not shown', async () => {
  const task = await stage().play([{ actions: [shell('npm install left-pad')] }, {}]);
  const [approval] = await task.pending();
  expect((await stage().client.card(task.taskId, approval)).action?.body).toMatchObject({
    line: 'npm install left-pad',
  });
  stage().store.damage(approval.digest);
  await expect(stage().client.card(task.taskId, approval)).rejects.toMatchObject({
    code: 'artifact.corrupted',
  });
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('the card of another approval or task is not shown as this one', async () => {
  const task = await stage().play([{ actions: [shell('npm install left-pad')] }, {}]);
  const [approval] = await task.pending();
  const changed = { code: 'approval.changed' };
  await expect(stage().client.card(unknown, approval)).rejects.toMatchObject(changed);
  const other = { ...approval, approvalId: ApprovalIdSchema.parse('i9.a9') };
  await expect(stage().client.card(task.taskId, other)).rejects.toMatchObject(changed);
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('lists show a task with what it waits for', async () => {
  const task = await stage().play([{ actions: [shell('npm install left-pad')] }, {}]);
  await task.pending();
  const found = await until(async () => {
    const tasks = await stage().client.list({ status: 'waiting', limit: 100 });
    return tasks.find((entry) => entry.taskId === task.taskId);
  }, 'the task in a list');
  expect(found).toMatchObject({
    status: 'waiting',
    approvalId: 'i1.a0',
    instruction: 'Round amounts to whole cents',
    repository: '/projects/rounding',
    endedAtMs: null,
  });
  await stage().client.cancel(task.taskId, 'ann');
  await task.outcome();
});

test.concurrent('the change of a task is from its base to its newest checkpoint, rollbacks included', async () => {
  const compared: string[][] = [];
  const compare = async (_: TaskId, ...commits: string[]) => {
    compared.push(commits);
    return [];
  };
  const { temporal, store } = stage();
  const repositories = { changes: compare } as unknown as Parameters<
    typeof createTaskClient
  >[0]['repositories'];
  const client = createTaskClient({
    client: temporal,
    artifacts: store,
    repositories,
    taskQueue: 'none starts',
    close: async () => {},
  });
  const rollback = { progress: 0, next: 'rollback' as const, reason: 'worse' };
  const task = await stage().play([
    { ...act, evaluation: { progress: 0.5 } },
    { actions: [shell('touch wrong')], evaluation: rollback },
    {},
  ]);
  const hold = task.stages.hold('rollBack');
  await hold.reached;
  await client.changes(task.taskId);
  hold.release();
  await task.outcome();
  await client.changes(task.taskId);
  const [first, second] = task.stages.inputs('evaluate').map((input) => input.workspace);
  expect(compared).toEqual([
    [first?.baseCommit, second?.commit],
    [first?.baseCommit, first?.commit],
  ]);
});
