import type { Action, ActionBody, PlanStep } from '../contracts/action.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { ActionId } from '../contracts/ids.ts';
import type { ModelCall } from '../contracts/model-dialect.ts';
import { summaryOf } from './action-summary.ts';
import { putJson } from './artifact-json.ts';

/** History holds so many actions of one response at most; later calls are answered without one. */
export const maxNamed = 24;

/** What the model reads of a call that was not even named. */
export const notTaken = `not run: an iteration takes at most ${maxNamed} calls; send it again with the next ones`;

/** Names each call as an action and stores its body. Calls over the pace's number are not run, and the model is told so. */
export async function plannedActions(
  artifacts: ArtifactStore,
  iteration: number,
  maxActions: number,
  calls: readonly ModelCall[],
): Promise<readonly Action[]> {
  return Promise.all(
    calls.slice(0, maxNamed).map(async ({ call }, index) => {
      const body: ActionBody = index < maxActions ? call : tooMany(maxActions);
      const id = `i${iteration}.a${index + 1}` as ActionId;
      return { id, kind: body.kind, digest: await putJson(artifacts, body), summary: summaryOf(body) };
    }),
  );
}

/** The plan as the newest `update_plan` has it. */
export function newestSteps(calls: readonly ModelCall[]): readonly PlanStep[] | null {
  const updates = calls.flatMap(({ call }) => (call.kind === 'update_plan' ? [call.steps] : []));
  return updates.at(-1) ?? null;
}

function tooMany(maxActions: number): ActionBody {
  return {
    kind: 'invalid',
    reason: `not run: an iteration takes at most ${maxActions} calls now; send it again with the next ones`,
  };
}
