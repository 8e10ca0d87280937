import type { Action } from '../contracts/action.ts';
import type { AuthorizeOutput, LocalActivities, PlanInput } from '../contracts/activities.ts';

/** So that a plan's result stays far below what history takes. */
const maxDecisionBytes = 16 * 1024;

/**
 * What policy says of a plan's actions, in the activity that names them: a stage less. Null when it can't say. A fault of policy must not
 * make the answer be paid again, so it is not told here: null is no decision, and the stage of its own meets that fault and tells it.
 */
export async function decideAhead(
  authorize: LocalActivities['authorize'],
  { taskId, specDigest, standing }: Pick<PlanInput, 'taskId' | 'specDigest' | 'standing'>,
  actions: readonly Action[],
): Promise<AuthorizeOutput['decisions'] | null> {
  if (standing === null) return null;
  try {
    const { decisions } = await authorize({ taskId, specDigest, actions, standing });
    return Buffer.byteLength(JSON.stringify(decisions)) <= maxDecisionBytes ? decisions : null;
  } catch {
    return null;
  }
}
