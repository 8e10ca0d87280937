import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { Digest } from '../contracts/ids.ts';
import type { PolicyRef } from '../contracts/task.ts';
import { policyDigest } from '../policy/load.ts';
import { resolvePolicy } from '../policy/resolve-policy.ts';
import type { Policy } from '../policy/schema.ts';

/** A task's policy, as it was when the task began. Throws `policy.not_found`, `policy.invalid`. */
export async function taskPolicy(
  store: ArtifactStore,
  ref: PolicyRef,
): Promise<{ readonly policy: Policy; readonly digest: Digest }> {
  const text = ref.digest === null ? null : new TextDecoder().decode(await store.get(ref.digest));
  const policy = resolvePolicy(ref.name, text);
  return { policy, digest: policyDigest(policy) };
}
