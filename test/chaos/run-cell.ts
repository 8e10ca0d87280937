import { appendFileSync } from 'node:fs';
import { vi } from 'vitest';
import { collectEvidence, leftoversOf } from '../helpers/e2e-evidence.ts';
import { brokenInvariants } from '../helpers/invariants.ts';
import type { ChaosTask, ChaosWorld } from './chaos-world.ts';
import type { Fault } from './faults/fault.ts';
import { finalProblems } from './final-problems.ts';
import { type Moment, momentText, type Stopped } from './moments/moment.ts';
import { repairing } from './script.ts';

/** One run of a fault at a moment, as the table counts it. */
export interface Run {
  readonly fault: string;
  readonly moment: string;
  /** From the fault to the next start of an activity of the task; null where nothing had to recover. */
  readonly recoveryMs: number | null;
  readonly problems: readonly string[];
}

const momentLimitMs = 60_000;
const leftoverLimitMs = 10_000;

/** Runs one task with one fault at one moment, and holds every invariant to what is left. */
export async function runCell(
  world: ChaosWorld,
  fault: Fault,
  moment: Moment,
  spec: Parameters<ChaosWorld['startTask']>[1] = {},
): Promise<Run> {
  const run = { fault: fault.name, moment: momentText(moment) };
  try {
    await world.replaceWorkers();
    const task = await world.startTask(moment, fault.losesCommands ? { instruction: repairing } : spec);
    const stopped = await untilStopped(world, task, run.moment);
    const letGo = () => world.moments.letGo(task.taskId);
    const atMs = await fault.inflict({ world, task, stopped, letGo });
    letGo();
    const problems = await judgeEnd(world, task, fault.losesCommands);
    const next = world.moments.started(task.taskId).find((one) => one.atMs > atMs);
    return { ...run, recoveryMs: next === undefined ? null : next.atMs - atMs, problems };
  } catch (error) {
    return { ...run, recoveryMs: null, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** Waits until a worker has stopped at the moment that was armed for a task. */
export function untilStopped({ moments }: ChaosWorld, { taskId }: ChaosTask, text: string): Promise<Stopped> {
  return vi.waitFor(() => moments.stopped(taskId) ?? raise(`${taskId} has not come to ${text}`), {
    timeout: momentLimitMs,
    interval: 10,
  });
}

/** All that is wrong with how a task has ended; empty when it ended as it does without a fault. At most one model call may be paid twice, or `paidTwice`. */
export async function judgeEnd(
  world: ChaosWorld,
  task: ChaosTask,
  losesCommands: boolean,
  paidTwice = 1,
): Promise<readonly string[]> {
  const end = await task.story.end();
  if (end.status !== 'delivered') return [`the task ended as ${end.status}: ${end.reason}`];
  const left = await vi
    .waitFor(() => (leftoversOf(world.home, task.taskId).length === 0 ? [] : raise('left')), {
      timeout: leftoverLimitMs,
    })
    .catch(() => leftoversOf(world.home, task.taskId));
  const evidence = await collectEvidence(world, task.taskId);
  return [
    ...left,
    ...brokenInvariants(evidence),
    ...finalProblems(world, task, end, losesCommands, paidTwice),
  ];
}

function raise(message: string): never {
  throw new Error(message);
}

/** Hands a run over to whoever prints the table. */
export function report(run: Run): Run {
  const file = process.env['LONGHAUL_CHAOS_RUNS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(run)}\n`);
  return run;
}
