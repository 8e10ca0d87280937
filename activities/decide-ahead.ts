import type { Action } from '../contracts/action.ts';
import type { AuthorizeOutput, LocalActivities, PlanInput } from '../contracts/activities.ts';
import type { Decision } from '../contracts/decision.ts';

/** So that a plan's result stays far below what history takes. */
const maxDecisionBytes = 16 * 1024;

/**
 * What policy says of a plan's actions, in the activity that names them: a stage less. Null when it can't say, and where a person has to be
 * asked: a fault in what the question needs is put to people by the stage of its own. Nor may a fault of policy make the answer be paid
 * again, so it is not told here: null is no decision, and that stage meets the fault and tells it.
 */
export async function decideAhead(
  authorize: LocalActivities['authorize'],
  { taskId, specDigest, standing }: Pick<PlanInput, 'taskId' | 'specDigest' | 'standing'>,
  actions: readonly Action[],
): Promise<AuthorizeOutput['decisions'] | null> {
  if (standing === null) return null;
  try {
    const { decisions } = await authorize({ taskId, specDigest, actions, standing });
    if (actions.some((action, index) => asksPeople(action, decisions[index]?.decision))) return null;
    return Buffer.byteLength(JSON.stringify(decisions)) <= maxDecisionBytes ? decisions : null;
  } catch {
    return null;
  }
}

function asksPeople({ kind }: Action, decision: Decision | undefined): boolean {
  return (
    decision === undefined ||
    decision.outcome === 'ask' ||
    (kind === 'ask_human' && decision.outcome !== 'deny')
  );
}
