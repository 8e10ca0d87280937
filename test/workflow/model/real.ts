import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { QueryNotRegisteredError } from '@temporalio/client';
import { expect } from 'vitest';
import type { ActionBody } from '../../../contracts/action.ts';
import type { PlanInput } from '../../../contracts/activities.ts';
import type { Answer } from '../../../contracts/approval.ts';
import type { TaskState } from '../../../contracts/task-state.ts';
import type { FakeIteration } from '../../helpers/fake-activities.ts';
import { askHuman, patch, shell } from '../../helpers/fake-facts.ts';
import { createStage, type PlayedTask, type Stageful } from '../../helpers/task-play.ts';
import { startTestWorker, type TestWorker } from '../../helpers/temporal.ts';
import type { Expected } from './expected.ts';
import { createGate, type Gate } from './gate.ts';
import { compactionUsd, type Go, planUsd } from './model.ts';
import { expectedView, viewOf } from './views.ts';

/** A worker with a queue of its own, one task of it after another. */
export interface Lane {
  readonly stage: Stageful;
  readonly gate: Gate;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The task that is held against the model. */
export interface Real {
  readonly lane: Lane;
  readonly task: PlayedTask;
  /** What each question was answered with. */
  readonly answers: Map<string, Answer>;
  go: Go | null;
}

type Temporal = Parameters<typeof createStage>[0];
const patienceMs = 30_000;
let lanes = 0;

export function createLane(temporal: Temporal, address: string): Lane {
  const gate = createGate();
  const stage = createStage(temporal, `model-${process.pid}-${++lanes}`);
  const activities = gate.gated(stage.workerOptions.activities as Parameters<Gate['gated']>[0]);
  let worker: TestWorker | null = null;
  return {
    stage,
    gate,
    async start() {
      worker = await startTestWorker(
        { ...stage.workerOptions, activities, shutdownGraceTime: '50ms' },
        address,
      );
    },
    async stop() {
      await worker?.stop();
      worker = null;
    },
  };
}

export async function startReal(lane: Lane, budget: Expected['m']['budget'], model: string): Promise<Real> {
  const plot = { go: null as Go | null };
  const task = await lane.stage.play((iteration) => playedBy(plot.go, iteration), {
    ...{ budget, model, policy: { name: 'default', digest: null } },
  });
  return Object.assign(plot, { lane, task, answers: new Map() });
}

function playedBy(go: Go | null, iteration: number): FakeIteration {
  if (go === null) throw new Error(`nothing lets iteration ${iteration} go on`);
  const { actions, next, progress, sandboxLost, judgedAtOnce, verified } = go;
  return {
    actions: actions.map((kind, index) => bodyOf(kind, `${iteration}.${index}`)),
    evaluation: { next, progress },
    ...{ sandboxLost, judgedAtOnce, verified, costUsd: planUsd },
    ...(go.compacts ? { compactionUsd } : {}),
    ...(go.dear ? { estimatedUsd: 1e6 } : {}),
  };
}

function bodyOf(kind: Go['actions'][number], name: string): ActionBody {
  if (kind === 'asked') return shell(`npm install left-pad@${name}`);
  if (kind === 'denied') return patch('.git/hooks/post-commit', name);
  return kind === 'question' ? askHuman(`Which one, ${name}?`) : shell(`ls src/${name}`);
}

/** Lets the stage that stands still go on. */
export function release(real: Real, go: Go): void {
  const nonRetryable = go.fault === 'asks';
  const fault = ApplicationFailure.create({
    ...{ type: 'model.unavailable', message: 'made to fail', nonRetryable, nextRetryDelay: '1ms' },
  });
  real.go = go;
  real.lane.gate.release(real.task.taskId, go.fault === 'none' ? null : fault);
}

/** Waits until the task is where the model is, then holds its state against the model's. */
export async function expectThere(x: Expected, real: Real): Promise<void> {
  if (x.wait === null) {
    expect((await real.task.outcome()).status).toBe(x.m.status);
    return;
  }
  const state = await arrived(x, real);
  if (x.wait.for === 'plan') expectOffered(x, real);
  expect(viewOf(state, x.raced)).toEqual(expectedView(x.m, x.raced));
}

async function arrived(x: Expected, real: Real): Promise<TaskState> {
  const wanted = wantedPlace(x);
  const deadline = Date.now() + patienceMs;
  let astray = 0;
  for (let turn = 1; ; turn++) {
    const state = await lookAt(x, real, turn);
    const place = state && placeOf(state, real);
    if (state !== null && place === wanted) return state;
    // A place is left for the next one in a moment; who stays is astray.
    astray = place === null ? 0 : astray + 1;
    if (astray > 20 || Date.now() > deadline)
      throw new Error(`the model is at "${wanted}", the task at "${place}" (${state?.status})`);
    await delay(state === null ? 5 : 20);
  }
}

function wantedPlace({ wait, m }: Expected): string | undefined {
  return wait?.for === 'people' ? m.open.map(({ id }) => id).join(' ') : wait?.for;
}

/** The state, where it is worth a query: that costs the worker far more than a look at what stands still. */
async function lookAt({ wait }: Expected, real: Real, turn: number): Promise<TaskState | null> {
  const atStage = wait?.for !== 'people' && wait?.for !== 'resume';
  if (atStage && turn % 50 !== 0 && standingStage(real) === undefined) return null;
  return real.task.state().catch(betweenRuns);
}

/** A query that meets a run in the moment of its continue-as-new is answered by nobody: the next one reaches the run after it. */
function betweenRuns(error: unknown): null {
  if (error instanceof QueryNotRegisteredError) return null;
  throw error;
}

function standingStage({ lane, task }: Real): string | undefined {
  return lane.gate.standing(task.taskId)?.stage;
}

function placeOf(state: TaskState, real: Real): string | null {
  const standing = standingStage(real);
  if (standing !== undefined) return standing;
  if (state.outcome !== null) return state.outcome.status;
  if (state.pending.length > 0) return state.pending.map(({ approvalId }) => approvalId).join(' ');
  return state.status === 'paused' ? 'resume' : null;
}

/** What the plan that runs now was given. */
function expectOffered(x: Expected, { lane, task }: Real): void {
  const standing = lane.gate.standing(task.taskId);
  if (standing === undefined) throw new Error('no plan stands still any more');
  const { steers, model } = standing.input as PlanInput;
  const missed = x.m.offered.length - steers.length;
  if (missed > 0 && missed <= x.late) x.m.offered = x.m.offered.slice(0, -missed);
  x.late = 0;
  expect(steers.map(({ text }) => text)).toEqual(x.m.offered);
  expect(model).toBe(x.m.asked);
}
