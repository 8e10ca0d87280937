import { CancellationScope } from '@temporalio/workflow';
import type { Evaluation } from '../contracts/evaluation.ts';
import type { Digest } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import type { Checkpoint, IterationRecord } from '../contracts/record.ts';
import { notRun } from '../contracts/words/not-run.ts';
import type { Decided } from './authorize-actions.ts';
import type { Delivery } from './delivery.ts';
import { faultText } from './fault.ts';
import { orAsk } from './faults.ts';
import type { Planned } from './plan-iteration.ts';
import { prepared } from './prepared.ts';
import { record, recordAtEnd } from './stages.ts';
import type { StateChange } from './state-change.ts';
import { endsTask } from './stop-task.ts';
import type { Task } from './task.ts';
import { workerVersion } from './worker-version.ts';

/** What one iteration was, for the ledger. */
export interface Happened {
  readonly planned: Planned;
  readonly decided: readonly Decided[];
  readonly observations: readonly Observation[];
  readonly checkpoint: Checkpoint;
  readonly evaluation: Evaluation;
  readonly delivery: Delivery | null;
  readonly startedAtMs: number;
  readonly waitedBefore: number;
}

/** What an iteration is when the model has answered and nothing else has happened. */
export function begun(
  task: Task,
  planned: Planned,
  timing: Pick<Happened, 'startedAtMs' | 'waitedBefore'>,
): Happened {
  const { tree, commit, manifestDigest } = prepared(task.state).workspace;
  const unchanged = { before: tree, after: tree, commit, manifestDigest };
  const evaluation = {
    checks: [],
    progress: 0,
    confidence: 0,
    concerns: [],
    next: 'stop' as const,
    reason: 'the task ended before this iteration was evaluated',
    failureSignature: '',
  };
  return {
    ...timing,
    planned,
    decided: [],
    observations: [],
    checkpoint: { ...unchanged, filesChanged: 0, linesChanged: 0, leftOut: [] },
    evaluation,
    delivery: null,
  };
}

/** Keeps in the ledger what an iteration was that the task's end cut short. Nothing stops it, and it stops nothing. */
export async function recordUnfinished(task: Task, happened: Happened, error: unknown): Promise<void> {
  if (!endsTask(error)) return;
  const observed = new Set(happened.observations.map((o) => o.actionId));
  const missing = happened.decided.filter(({ action }) => !observed.has(action.id));
  const note = 'the task ended before this was observed; whether it ran, and how far, is not known';
  const observations = [
    ...happened.observations,
    ...missing.map(({ action, observation }) => observation ?? notRun(action, 'cancelled', note)),
  ];
  try {
    await CancellationScope.nonCancellable(async () => {
      const kept = recordOf(task.state, { ...happened, observations });
      const { digest } = await recordAtEnd({ record: kept });
      task.apply(recorded(digest, kept));
    });
  } catch (fault) {
    if (faultText(fault) === undefined) throw fault;
  }
}

/** Appends the iteration to the ledger: the state's head becomes the new record. */
export async function recordIteration(task: Task, happened: Happened): Promise<void> {
  const { digest, kept } = await orAsk(task, 'record', async () => {
    const made = recordOf(task.state, happened);
    return { ...(await record({ record: made })), kept: made };
  });
  task.apply(recorded(digest, kept));
}

function recorded(digest: Digest, { interventions, interventionsLeftOut }: IterationRecord): StateChange {
  const leftOut = interventionsLeftOut ?? 0;
  return { type: 'recorded', digest, interventions: interventions?.length ?? 0, leftOut };
}

function recordOf(state: Task['state'], happened: Happened): IterationRecord {
  const { contextDigest, workspace, sandbox } = prepared(state);
  const { planned, decided, observations, checkpoint, evaluation, delivery, startedAtMs, waitedBefore } =
    happened;
  const actions = decided.map(({ action, decision, approvalId }) => {
    const observation = observations.find((o) => o.actionId === action.id);
    if (!observation) throw new Error(`action ${action.id} has no observation`);
    return { ...action, decision, approvalId, observation };
  });
  return {
    schemaVersion: 1,
    taskId: state.taskId,
    iteration: state.iteration,
    previous: state.head,
    workerVersion: workerVersion(),
    perceive: { contextDigest, treeDigest: checkpoint.before, baseCommit: workspace.baseCommit },
    plan: planned.record,
    sandbox,
    actions: delivery?.action ? [...actions, delivery.action] : actions,
    approvals: [...state.approvals],
    steers: [...planned.steers],
    ...(state.interventions.length === 0 ? {} : { interventions: [...state.interventions] }),
    ...(state.interventionsLeftOut === 0 ? {} : { interventionsLeftOut: state.interventionsLeftOut }),
    checkpoint,
    evaluate: evaluation,
    timing: {
      startedAtMs,
      endedAtMs: Date.now(),
      waitedForPeopleMs: state.usage.waitedForPeopleMs - waitedBefore,
    },
  };
}
