import type { Action, ActionBody } from '../contracts/action.ts';
import type { AuthorizeInput, LocalActivities } from '../contracts/activities.ts';
import { decide } from '../policy/decide.ts';
import { loadAction, loadSpec } from './load.ts';
import { pathsOf } from './patch/hunk.ts';
import { parsePatch } from './patch/parse.ts';
import type { Ports } from './ports.ts';
import { taskPolicy } from './task-policy.ts';

/** What policy says of each action; of its whole body, never of its summary. Pure but for reading artifacts; a fault is no decision, so nothing runs. */
export function createAuthorize({ artifacts }: Pick<Ports, 'artifacts'>): LocalActivities['authorize'] {
  return async ({ specDigest, actions, standing }: AuthorizeInput) => {
    const spec = await loadSpec(artifacts, specDigest);
    const { policy, digest } = await taskPolicy(artifacts, spec.policy);
    const decideOne = async (action: Action) => {
      const body = await loadAction(artifacts, action.digest);
      const decision = decide({
        policy,
        policyDigest: digest,
        body,
        patchPaths: patchPathsOf(body),
        standing,
      });
      return { actionId: action.id, decision };
    };
    return { decisions: await Promise.all(actions.map(decideOne)) };
  };
}

/** The files that a patch touches; null for what is no patch or cannot be read as one. */
function patchPathsOf(body: ActionBody): readonly string[] | null {
  if (body.kind !== 'apply_patch') return null;
  const parsed = parsePatch(body.patch);
  return parsed.ok ? pathsOf(parsed.hunks) : null;
}
