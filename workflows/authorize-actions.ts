import type { Action } from '../contracts/action.ts';
import type { AuthorizeOutput } from '../contracts/activities.ts';
import type { ApprovalRecord } from '../contracts/approval.ts';
import type { Decision } from '../contracts/decision.ts';
import type { ApprovalId, Digest } from '../contracts/ids.ts';
import type { Observation } from '../contracts/observation.ts';
import { notRun } from '../contracts/words/not-run.ts';
import { askPeople, type Question } from './ask-people.ts';
import { faultText } from './fault.ts';
import { orAsk, orWait } from './faults.ts';
import type { Planned } from './plan-iteration.ts';
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
  const { taskId } = task.state;
  const { decisions } = await orAsk(task, 'authorize', () =>
    authorize({ taskId, specDigest, actions, standing: task.state.standing }),
  );
  const found = inOrder(actions, decisions);
  if (found === null) throw new Error(`authorize gave no decision for each of ${actions.map((a) => a.id)}`);
  return found;
}

/** Null where an action has no decision. */
function inOrder(
  actions: readonly Action[],
  decisions: AuthorizeOutput['decisions'],
): readonly Decision[] | null {
  const found = actions.flatMap(({ id }) => decisions.find((d) => d.actionId === id)?.decision ?? []);
  return found.length === actions.length ? found : null;
}

/** Policy, then people: every action gets a decision, and an approval where policy asks or the model asks a person. */
export async function authorizeActions(
  task: Task,
  { actions, decisions: ahead }: Pick<Planned, 'actions' | 'decisions'>,
): Promise<readonly Decided[]> {
  const decisions = (ahead ? inOrder(actions, ahead) : null) ?? (await decide(task, actions));
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
  if (decision.outcome !== 'deny' && action.kind === 'ask_human')
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
  const ended = (status: 'ok' | 'denied', note: string): Decided => ({
    action,
    decision,
    approvalId,
    observation: notRun(action, status, note),
  });
  const refusal = refusalOf(decision, answer);
  if (refusal !== null) return ended('denied', refusal);
  if (action.kind === 'ask_human') return ended('ok', answer?.reason ?? '');
  if (action.kind === 'update_plan') return ended('ok', 'Plan updated');
  const asPlanned: Decided = { action, decision, approvalId, observation: null };
  if (answer?.outcome !== 'edited') return asPlanned;
  const { editedDigest } = answer;
  if (editedDigest === null) throw new Error(`${answer.approvalId} is edited and names no action`);
  return settleEdited(task, asPlanned, { ...answer, editedDigest });
}

/** Why an action does not run; null when it may. Fails closed: whatever is no allow and no grant is a refusal. */
function refusalOf(decision: Decision, answer: ApprovalRecord | undefined): string | null {
  if (decision.outcome === 'deny') return `denied by ${decision.ruleId}: ${decision.reason}`;
  if (answer?.outcome === 'expired') return 'nobody answered in time, which counts as a refusal';
  if (answer?.outcome === 'withdrawn') return `not asked any more: ${answer.reason}`;
  if (answer?.outcome === 'rejected')
    return `rejected by ${answer.by.name}: ${answer.reason || 'no reason given'}`;
  const agreed = answer?.outcome === 'granted' || answer?.outcome === 'edited';
  return agreed || decision.outcome === 'allow' ? null : 'nobody has agreed to it';
}

/** What a person made of an action is judged like any other: an edit cannot pass a denial, and one that is no action runs nothing. */
async function settleEdited(
  task: Task,
  original: Decided,
  answer: ApprovalRecord & { readonly editedDigest: Digest },
): Promise<Decided> {
  const denied = (decided: Decided, note: string): Decided => ({
    ...decided,
    observation: notRun(decided.action, 'denied', note),
  });
  let action: Action;
  try {
    const edit = { original: original.action, editedDigest: answer.editedDigest };
    ({ action } = await orWait(task, () => loadEdited(edit)));
  } catch (error) {
    const fault = faultText(error);
    if (fault === undefined) throw error;
    return denied(original, `${answer.by.name} edited the action, and the edit cannot be used: ${fault}`);
  }
  const [decision] = await decide(task, [action]);
  if (decision === undefined) throw new Error(`authorize gave no decision for ${action.id}`);
  const decided = { ...original, action, decision };
  return decision.outcome === 'deny'
    ? denied(decided, `the edited action was denied by ${decision.ruleId}: ${decision.reason}`)
    : decided;
}
