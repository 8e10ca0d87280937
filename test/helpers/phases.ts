import type { Saw } from '../../contracts/saw.ts';
import { messageName } from '../../contracts/words/messages.ts';
import type { FakeIteration, Stage } from './fake-activities.ts';
import { shell } from './fake-facts.ts';
import { answerTo, type PlayedTask, type Stageful } from './task-play.ts';

/** A task that stands at a moment of its second iteration, where one can be had. */
export interface AtPhase {
  readonly task: PlayedTask;
  /** Lets it go on as if nothing had been said; safe when it has ended meanwhile. */
  goOn(): Promise<void>;
}

const act: FakeIteration = { actions: [shell('ls')] };
const install: FakeIteration = { actions: [shell('npm install left-pad')] };
const budget = { maxUsd: null, maxIterations: 40 };

/** Two iterations of work, then done, as often as it is asked. */
const work = (iteration: number) => (iteration <= 2 ? act : {});

function heldAt(name: Stage, calls: number, stubborn = false) {
  return async (stage: Stageful): Promise<AtPhase> => {
    const task = await stage.play(work, { budget });
    const before = Array.from({ length: calls - 1 }, () => task.stages.hold(name));
    const hold = task.stages.hold(name, stubborn);
    for (const { reached, release } of before) {
      await reached;
      release();
    }
    await hold.reached;
    return { task, goOn: async () => hold.release() };
  };
}

/** Goes on by granting what waits and whatever is asked after it. */
async function waiting(task: PlayedTask): Promise<AtPhase> {
  await task.pending();
  return {
    task,
    async goOn() {
      // It may still ask when the test has seen the end and the worker has gone; a task that is not answered fails its test by itself.
      void grantUntilEnded(task).catch(() => undefined);
    },
  };
}

async function grantUntilEnded(task: PlayedTask): Promise<void> {
  const granted = new Set<string>();
  for (;;) {
    const { outcome, pending } = await task.stateWhen(
      (state) => state.outcome !== null || state.pending.some(({ digest }) => !granted.has(digest)),
    );
    if (outcome !== null) return;
    for (const approval of pending) {
      granted.add(approval.digest);
      // By a signal, which is no error where the question has gone meanwhile.
      const answer = answerTo(approval, { by: { name: 'pam', proof: 'os_user' } });
      await task.handle.signal(messageName.decision, answer).catch(() => undefined);
    }
  }
}

/** Every moment at which a person may say something. */
export const phases = {
  prepare: heldAt('perceive', 1),
  plan: heldAt('plan', 2),
  authorize: async (stage: Stageful) =>
    waiting(await stage.play((iteration) => (iteration === 2 ? install : work(iteration)), { budget })),
  execute: heldAt('execute', 2),
  evaluate: heldAt('evaluate', 2),
  verify: heldAt('verifyDelivery', 1),
  propose: async (stage: Stageful) =>
    waiting(await stage.play(work, { budget, policy: { name: 'default', digest: null } })),
  publish: heldAt('deliver', 1, true),
  async paused(stage: Stageful): Promise<AtPhase> {
    const { task, goOn } = await heldAt('execute', 2)(stage);
    await stage.client.pause(task.taskId, 'pam');
    await goOn();
    await task.stateWhen((state) => state.status === 'paused');
    return { task, goOn: () => stage.client.resume(task.taskId, 'pam').catch(() => undefined) };
  },
} as const;
export type Phase = keyof typeof phases;
export const phaseNames = Object.keys(phases) as readonly Phase[];

/** What somebody quotes whose screen shows the task as it is. */
export async function sawNow(task: PlayedTask): Promise<Saw> {
  const { iteration, head } = await task.state();
  return { iteration, head };
}

/** What the ledger and the task's result keep of what people told it, in order. */
export async function interventionsOf(task: PlayedTask) {
  const recorded = (await task.records()).flatMap(({ interventions }) => interventions ?? []);
  return [...recorded, ...((await task.outcome()).interventions ?? [])];
}
