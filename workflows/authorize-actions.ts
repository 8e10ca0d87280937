import type { Action } from '../contracts/action.ts';
import type { ApprovalRecord } from '../contracts/approval.ts';
import type { Decision } from '../contracts/decision.ts';
import type { ApprovalId } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import { askPeople, type Question } from './ask-people.ts';
import { prepared } from './prepared.ts';
import { authorize, loadEdited } from './stages.ts';
import type { Task } from './task.ts';

/** An action after policy and people: it may run, or it has its observation already. */
export interface Decided {
  readonly action: Action;
  readonly decision: Decision;
  readonly approvalId: ApprovalId | null;
  readonly observation: Observation | null;
}

export async function decide(task: Task, actions: readonly Action[]): Promise<readonly Decision[]> {
  if (actions.length === 0) return [];
  const { specDigest } = prepared(task.state);
  const { decisions } = await authorize({
    taskId: task.state.taskId,
    specDigest,
    actions,
    standing: task.state.standing,
  });
  return actions.map((action) => {
    const found = decisions.find((d) => d.actionId === action.id);
    if (!found) throw new Error(`authorize gave no decision for ${action.id}`);
    return found.decision;
  });
}

/** Policy, then people: every action gets a decision, and an approval where policy asks or the model asks a person. */
export async function authorizeActions(task: Task, actions: readonly Action[]): Promise<readonly Decided[]> {
  const decisions = await decide(task, actions);
  const pairs = actions.map((action, index) => ({ action, decision: decisions[index] as Decision }));
  const questions = pairs.flatMap(({ action, decision }) => questionFor(action, decision));
  const answers =
    questions.length === 0 ? new Map<string, ApprovalRecord>() : await askPeople(task, questions);
  const decided: Decided[] = [];
  for (const { action, decision } of pairs)
    decided.push(await settle(task, action, decision, answers.get(action.id)));
  return decided;
}

function questionFor(action: Action, decision: Decision): readonly Question[] {
  const common = { approvalId: action.id, title: action.summary, action, decision };
  if (decision.outcome === 'allow' && action.kind === 'ask_human')
    return [{ ...common, subject: 'question', details: [] }];
  return decision.outcome === 'ask' ? [{ ...common, subject: 'action', details: [decision.reason] }] : [];
}

async function settle(
  task: Task,
  action: Action,
  decision: Decision,
  answer: ApprovalRecord | undefined,
): Promise<Decided> {
  const approvalId = answer?.approvalId ?? null;
  const ended = (status: Observation['status'], note: string): Decided => ({
    action,
    decision,
    approvalId,
    observation: {
      actionId: action.id,
      status,
      exitCode: null,
      outputDigest: null,
      outputBytes: 0,
      note,
      durationMs: 0,
    },
  });
  if (decision.outcome === 'deny') return ended('denied', `denied by ${decision.ruleId}: ${decision.reason}`);
  if (answer?.outcome === 'expired')
    return ended('denied', 'nobody answered in time, which counts as a refusal');
  if (answer?.outcome === 'rejected')
    return ended('denied', `rejected by ${answer.by.name}: ${answer.reason || 'no reason given'}`);
  if (action.kind === 'ask_human') return ended('ok', answer?.reason ?? '');
  if (action.kind === 'update_plan') return ended('ok', 'Plan updated');
  if (answer?.outcome !== 'edited') return { action, decision, approvalId, observation: null };
  return settleEdited(task, action, answer, approvalId);
}

/** What a person made of an action is judged like any other: an edit cannot pass a denial. */
async function settleEdited(
  task: Task,
  original: Action,
  answer: ApprovalRecord,
  approvalId: ApprovalId | null,
): Promise<Decided> {
  if (answer.editedDigest === null) throw new Error(`${answer.approvalId} is edited and names no action`);
  const { action } = await loadEdited({ original, editedDigest: answer.editedDigest });
  const [decision] = await decide(task, [action]);
  if (decision === undefined) throw new Error(`authorize gave no decision for ${action.id}`);
  if (decision.outcome !== 'deny') return { action, decision, approvalId, observation: null };
  const note = `the edited action was denied by ${decision.ruleId}: ${decision.reason}`;
  return {
    action,
    decision,
    approvalId,
    observation: {
      actionId: action.id,
      status: 'denied',
      exitCode: null,
      outputDigest: null,
      outputBytes: 0,
      note,
      durationMs: 0,
    },
  };
}
