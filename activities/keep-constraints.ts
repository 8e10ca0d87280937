import { z } from 'zod';
import type { LocalActivities } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { Digest } from '../contracts/ids.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { getJson, putJson } from './artifact-json.ts';
import { loadSpec } from './load.ts';
import type { Ports } from './ports.ts';

const ConstraintsSchema = z.array(z.string());

/** Stores the constraints that hold after people's changes, in order. Twice gives the same digest. */
export function createKeepConstraints({
  artifacts,
}: Pick<Ports, 'artifacts'>): LocalActivities['keepConstraints'] {
  return async ({ specDigest, heldDigest, changes }) => {
    const held = await heldConstraints(artifacts, await loadSpec(artifacts, specDigest), heldDigest);
    const from = changes.findLastIndex(({ replace }) => replace);
    const added = changes.slice(Math.max(0, from)).flatMap(({ add }) => add);
    return { digest: await putJson(artifacts, from === -1 ? [...held, ...added] : added) };
  };
}

/** The constraints that hold: those that people have changed them to, else those that the task was started with. */
export async function heldConstraints(
  artifacts: ArtifactStore,
  spec: TaskSpec,
  heldDigest: Digest | null,
): Promise<readonly string[]> {
  return heldDigest === null ? spec.constraints : getJson(artifacts, heldDigest, ConstraintsSchema);
}
