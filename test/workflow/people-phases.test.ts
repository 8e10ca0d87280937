import { expect, test, vi } from 'vitest';
import type { Saw } from '../../contracts/saw.ts';
import type { TaskOutcome } from '../../contracts/task-state.ts';
import { shell } from '../helpers/fake-facts.ts';
import { interventionsOf, type Phase, phaseNames, phases, sawNow } from '../helpers/phases.ts';
import type { PlayedTask } from '../helpers/task-play.ts';
import { useStage } from './stage.ts';

const stage = useStage();

interface Told {
  readonly kind: string;
  /** Of the event in the story. */
  readonly event: string;
  send(task: PlayedTask, saw: Saw): Promise<unknown>;
  /** What has come of it; where the branch is being published nothing can. */
  check(task: PlayedTask, outcome: TaskOutcome): void;
}

const delivered = ({ status }: TaskOutcome) => expect(status).toBe('delivered');
const ann = { name: 'ann', proof: 'os_user' } as const;

const messages: Readonly<Record<string, Told>> = {
  steer: {
    kind: 'steer',
    event: 'task.steered',
    send: (task, saw) => stage().client.steer(task.taskId, 'keep the API', 'ann', saw),
    check(task, outcome) {
      delivered(outcome);
      const read = task.stages.inputs('plan').flatMap(({ steers }) => steers.map(({ text }) => text));
      expect(read).toEqual(['keep the API']);
    },
  },
  pause: {
    kind: 'pause',
    event: 'task.paused',
    async send(task, saw) {
      await stage().client.pause(task.taskId, 'ann', saw);
    },
    check: (_, outcome) => delivered(outcome),
  },
  'cancel, soft': {
    kind: 'cancel',
    event: 'task.cancel_requested',
    send: (task, saw) => stage().client.cancel(task.taskId, 'ann', { mode: 'soft', saw }),
    check(_, outcome) {
      expect(outcome).toMatchObject({ status: 'cancelled', branch: null });
      expect(outcome.reason).toBe('cancelled by ann, once what ran was finished and recorded');
    },
  },
  'cancel, now': {
    kind: 'cancel',
    event: 'task.cancel_requested',
    send: (task, saw) => stage().client.cancel(task.taskId, 'ann', { mode: 'now', saw }),
    check: (_, outcome) =>
      expect(outcome).toMatchObject({ status: 'cancelled', reason: 'cancelled by ann, at once' }),
  },
  rollback: {
    kind: 'rollback',
    event: 'task.rollback_requested',
    send: (task, saw) => stage().client.rollback(task.taskId, 0, 'ann', saw),
    check(task, outcome) {
      delivered(outcome);
      expect(task.stages.inputs('rollBack')).toMatchObject([{ toIteration: 0 }]);
    },
  },
  change: {
    kind: 'change',
    event: 'task.changed',
    send: (task, saw) =>
      stage().client.change(task.taskId, {
        budget: { maxIterations: 77 },
        model: 'gpt-other',
        constraints: { add: ['no new packages'], replace: false },
        by: ann,
        saw,
      }),
    check(task, outcome) {
      delivered(outcome);
      const [last] = task.stages.inputs('plan').slice(-1);
      expect(last).toMatchObject({ model: 'gpt-other', budget: { maxIterations: 77 } });
      expect(last?.constraintsDigest).not.toBeNull();
      const told = task.stages.inputs('plan').flatMap(({ notices }) => notices);
      expect(told.filter((notice) => notice.includes('- no new packages'))).toHaveLength(1);
    },
  },
};

const pairs = phaseNames.flatMap((phase) => Object.keys(messages).map((name) => [name, phase] as const));

test.concurrent.each(pairs)('%s at the phase "%s" is followed, recorded and told', async (name, phase) => {
  const message = messages[name] as Told;
  const { task, goOn } = await phases[phase](stage());
  const saw = await sawNow(task);
  const refused = name === 'rollback' && phase === 'prepare';
  const sent = message.send(task, saw).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(await sent).toEqual(refused ? expect.objectContaining({ code: 'usage.invalid' }) : undefined);
  await goOn();
  if (name === 'pause') await resumeUntilEnded(task, phase);
  const outcome = await task.outcome();
  if (phase === 'publish' || refused) delivered(outcome);
  else message.check(task, outcome);
  const by = { name: 'ann', proof: ['rollback', 'change'].includes(name) ? 'os_user' : 'signal' };
  const kept = await interventionsOf(task);
  expect(kept.filter((one) => one.by.name === 'ann')).toMatchObject([
    { kind: message.kind, by, saw, refused: refused ? expect.any(String) : null },
  ]);
  const type = refused ? 'message.refused' : message.event;
  const events = (await task.events()).filter((event) => event.type === type);
  expect(events.filter((event) => 'by' in event && event.by === 'ann')).toMatchObject([{ saw }]);
});

async function resumeUntilEnded(task: PlayedTask, phase: Phase): Promise<void> {
  if (phase === 'publish' || phase === 'paused') return;
  await task.stateWhen((state) => state.status === 'paused');
  await stage().client.resume(task.taskId, 'bob');
}

test.concurrent('a resume lets a paused task go on, and one that nothing paused changes nothing', async () => {
  for (const phase of ['paused', 'execute'] as const) {
    const { task, goOn } = await phases[phase](stage());
    const saw = await sawNow(task);
    await stage().client.resume(task.taskId, 'ann', saw);
    if (phase === 'execute') await goOn();
    expect(await task.outcome()).toMatchObject({ status: 'delivered', iterations: 3 });
    expect(await interventionsOf(task)).toContainEqual(
      expect.objectContaining({ kind: 'resume', saw, by: { name: 'ann', proof: 'signal' } }),
    );
  }
});

test.concurrent('a soft cancel lets the action that runs be finished, checked and recorded, and starts no other iteration', async () => {
  const { task, goOn } = await phases.execute(stage());
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  expect(await task.stateWhen((state) => state.ending !== null)).toMatchObject({ status: 'running' });
  await goOn();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled', iterations: 2 });
  const [, second] = await task.records();
  expect(second).toMatchObject({
    actions: [{ observation: { status: 'ok' } }],
    evaluate: { reason: 'failing: npm test' },
    interventions: [{ kind: 'cancel', about: 'soft', by: { name: 'ann' } }],
  });
  expect(task.stages.calls.slice(-2)).toEqual(['evaluate', 'releaseSandboxes']);
});

test.concurrent('a cancel at once after a soft one ends what the soft one lets run', async () => {
  const { task } = await phases.execute(stage());
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  await task.stateWhen((state) => state.ending?.mode === 'soft');
  await stage().client.cancel(task.taskId, 'bob', { mode: 'now' });
  expect(await task.outcome()).toMatchObject({ reason: 'cancelled by bob, at once' });
  const [, second] = await task.records();
  expect(second).toMatchObject({
    actions: [{ observation: { status: 'cancelled' } }],
    interventions: [
      { about: 'soft', by: { name: 'ann' } },
      { about: 'now', by: { name: 'bob' } },
    ],
  });
});

test.concurrent('a soft cancel that comes while the model answers lets nothing of the iteration run', async () => {
  const { task } = await phases.plan(stage());
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  expect(await task.outcome()).toMatchObject({ status: 'cancelled', iterations: 1 });
  expect(task.stages.inputs('execute')).toHaveLength(1);
});

test.concurrent('a soft cancel that comes while policy judges lets nothing of the iteration run, and the record says why', async () => {
  const act = { actions: [shell('ls')] };
  const task = await stage().play([act, { ...act, undecided: true }]);
  const policy = task.stages.holdPolicy();
  await policy.reached;
  await stage().client.cancel(task.taskId, 'ann', { mode: 'soft' });
  await task.stateWhen((state) => state.ending !== null);
  policy.release();
  expect(await task.outcome()).toMatchObject({ status: 'cancelled' });
  expect(task.stages.inputs('execute')).toHaveLength(1);
  const [, second] = await task.records();
  expect(second?.actions).toMatchObject([
    { observation: { status: 'cancelled', note: expect.stringContaining('ann cancelled the task') } },
  ]);
});

test.concurrent('a rollback during the plan lets none of its actions run, and the record says why', async () => {
  const { task, goOn } = await phases.plan(stage());
  await stage().client.rollback(task.taskId, 1, 'ann');
  await goOn();
  await task.outcome();
  const [, second] = await task.records();
  expect(second?.actions).toMatchObject([
    { observation: { status: 'cancelled', note: expect.stringContaining('end of iteration 1') } },
  ]);
});

test.concurrent('a rollback of a paused task is carried out while it is paused', async () => {
  const { task, goOn } = await phases.paused(stage());
  await stage().client.rollback(task.taskId, 1, 'ann');
  await vi.waitFor(() => expect(task.stages.inputs('rollBack')).toHaveLength(1), 20_000);
  await task.stateWhen((state) => state.status === 'paused' && state.rollbackTo === null);
  await goOn();
  expect(await task.outcome()).toMatchObject({ status: 'delivered' });
});
