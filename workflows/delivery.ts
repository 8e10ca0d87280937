import type { Action } from '../contracts/action.ts';
import type { ApprovalRecord } from '../contracts/approval.ts';
import type { Decision } from '../contracts/decision.ts';
import type { CheckResult, Evaluation } from '../contracts/evaluation.ts';
import type { IterationRecord } from '../contracts/record.ts';
import type { TaskOutcome } from '../contracts/task-state.ts';
import { notRun } from '../contracts/words/not-run.ts';
import { askPeople } from './ask-people.ts';
import { decide } from './authorize-actions.ts';
import { orAsk } from './faults.ts';
import { prepared } from './prepared.ts';
import { deliver, proposeDelivery, verifyDelivery } from './stages.ts';
import type { Task } from './task.ts';
import { hasUnread } from './unread.ts';

export interface Delivery {
  /** The iteration's evaluation after the try: `continue` again when the delivery was refused. */
  readonly evaluation: Evaluation;
  /** The delivery as an action with its decision and observation; null when it was not proposed. */
  readonly action: IterationRecord['actions'][number] | null;
  readonly outcome: TaskOutcome | null;
}

/** After so many tries without progress a failing last check is put to a person. */
const askAfterFailures = 3;

/** All checks once more in a fresh sandbox, then policy, then people, then one branch. */
export async function deliverTask(task: Task, evaluation: Evaluation): Promise<Delivery> {
  const { taskId, iteration, checks } = task.state;
  const { specDigest, contextDigest, workspace } = prepared(task.state);
  const verified = await orAsk(task, 'verify', () =>
    verifyDelivery({ taskId, iteration, specDigest, contextDigest, workspace, checks }),
  );
  if (!verified.passed) {
    const reason = 'the checks pass in the workspace and fail in a fresh sandbox made from its checkpoint';
    task.apply({
      type: 'verification_failed',
      notice: `Not delivered: ${reason}. What the checks need must be in the repository.`,
    });
    const next = task.state.stuckFor >= askAfterFailures ? 'ask' : 'continue';
    return notDelivered({ ...evaluation, checks: [...verified.checks] }, next, reason, null);
  }
  const { action } = await orAsk(task, 'deliver', () =>
    proposeDelivery({ taskId, iteration, workspace, evaluation }),
  );
  const [decision] = await decide(task, [action]);
  if (decision === undefined) throw new Error('authorize gave no decision for the delivery');
  if (decision.outcome === 'deny') {
    const said = `delivery denied by ${decision.ruleId}: ${decision.reason}`;
    return notDelivered(evaluation, 'stop', said, observed(action, decision, null, 'denied', said));
  }
  const mustAsk = decision.outcome === 'ask' || evaluation.concerns.length > 0 || evaluation.confidence < 1;
  const approval = mustAsk ? await askForDelivery(task, action, decision, verified.checks) : null;
  if (approval !== null && approval.outcome !== 'granted')
    return refused(task, evaluation, action, decision, approval);
  if (hasUnread(task.state)) {
    const said = 'a person said something new before the branch was published';
    return notDelivered(evaluation, 'continue', said, observed(action, decision, approval, 'denied', said));
  }
  return publish(task, evaluation, action, decision, approval, verified.checks);
}

async function askForDelivery(
  task: Task,
  action: Action,
  decision: Decision,
  checks: readonly CheckResult[],
): Promise<ApprovalRecord> {
  const answers = await askPeople(task, [
    {
      approvalId: action.id,
      subject: 'delivery',
      title: action.summary,
      details: [
        ...checks.map((check) => `${check.status} in a fresh sandbox: ${check.name}`),
        ...(checks.length === 0 ? ['no check is known: nothing but the diff says that this works'] : []),
      ],
      action,
      decision,
    },
  ]);
  const answer = answers.get(action.id);
  if (!answer) throw new Error(`no answer for ${action.id}`);
  return answer;
}

function refused(
  task: Task,
  evaluation: Evaluation,
  action: Action,
  decision: Decision,
  approval: ApprovalRecord,
): Delivery {
  if (approval.outcome === 'expired') {
    const said = 'nobody agreed to the delivery in time';
    return notDelivered(evaluation, 'stop', said, observed(action, decision, approval, 'denied', said));
  }
  if (approval.outcome === 'withdrawn') {
    const said = `not asked any more: ${approval.reason}`;
    return notDelivered(evaluation, 'continue', said, observed(action, decision, approval, 'denied', said));
  }
  const said = `${approval.by.name} refused the delivery: ${approval.reason || 'no reason given'}`;
  task.apply({ type: 'noticed', notice: said });
  return notDelivered(evaluation, 'continue', said, observed(action, decision, approval, 'denied', said));
}

function notDelivered(
  evaluation: Evaluation,
  next: 'stop' | 'continue' | 'ask',
  reason: string,
  action: Delivery['action'],
): Delivery {
  return { evaluation: { ...evaluation, next, reason: reason.slice(0, 500) }, action, outcome: null };
}

async function publish(
  task: Task,
  evaluation: Evaluation,
  action: Action,
  decision: Decision,
  approval: ApprovalRecord | null,
  checks: readonly CheckResult[],
): Promise<Delivery> {
  const { taskId, iteration, baseBranch, model } = task.state;
  const { specDigest, workspace } = prepared(task.state);
  const timestampMs = Date.now();
  const { branch, commit, baseMovedBy, mergesCleanly } = await orAsk(task, 'deliver', () =>
    deliver({ taskId, iteration, specDigest, workspace, baseBranch, checks, approval, model, timestampMs }),
  );
  const usage = { ...task.state.usage, iterations: task.state.usage.iterations + 1 };
  return {
    evaluation,
    action: observed(action, decision, approval, 'ok', `published ${branch} at ${commit}`),
    outcome: {
      taskId,
      status: 'delivered',
      branch,
      commit,
      baseMovedBy,
      mergesCleanly,
      iterations: usage.iterations,
      usage,
      reason: '',
    },
  };
}

function observed(
  action: Action,
  decision: Decision,
  approval: ApprovalRecord | null,
  status: 'ok' | 'denied',
  note: string,
): IterationRecord['actions'][number] {
  return {
    ...action,
    decision,
    approvalId: approval?.approvalId ?? null,
    observation: notRun(action, status, note),
  };
}
