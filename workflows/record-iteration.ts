import type { Evaluation } from '../contracts/evaluation.ts';
import type { Observation } from '../contracts/observation.ts';
import type { Checkpoint, IterationRecord } from '../contracts/record.ts';
import type { Decided } from './authorize-actions.ts';
import type { Delivery } from './delivery.ts';
import { orAsk } from './faults.ts';
import type { Planned } from './plan-iteration.ts';
import { prepared } from './prepared.ts';
import { record } from './stages.ts';
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
  readonly steers: Task['state']['steers'];
  readonly startedAtMs: number;
  readonly waitedBefore: number;
}

/** Appends the iteration to the ledger: the state's head becomes the new record. */
export async function recordIteration(task: Task, happened: Happened): Promise<void> {
  const { digest } = await orAsk(task, 'record', () => record({ record: recordOf(task.state, happened) }));
  task.apply({ type: 'recorded', digest });
}

function recordOf(state: Task['state'], happened: Happened): IterationRecord {
  const { contextDigest, workspace, sandbox } = prepared(state);
  const {
    planned,
    decided,
    observations,
    checkpoint,
    evaluation,
    delivery,
    steers,
    startedAtMs,
    waitedBefore,
  } = happened;
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
    steers: [...steers],
    checkpoint,
    evaluate: evaluation,
    timing: {
      startedAtMs,
      endedAtMs: Date.now(),
      waitedForPeopleMs: state.usage.waitedForPeopleMs - waitedBefore,
    },
  };
}
