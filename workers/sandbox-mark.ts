import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LonghaulError } from '../contracts/error.ts';
import { askedSandbox } from './sandbox-choice.ts';
import type { Environment } from './state-dir.ts';

/** Where a worker runs commands, as far as it may be shown, and by what a command line recognizes its settings as its own. */
export const SandboxMarkSchema = z
  .object({
    backend: z.enum(['local', 'kubernetes']),
    /** The address of the cluster; empty for the local one. */
    place: z.string(),
    /** Of the settings of pods, which hold no secret. */
    digest: z.string(),
  })
  .readonly();
export type SandboxMark = z.infer<typeof SandboxMarkSchema>;

export const localMark: SandboxMark = { backend: 'local', place: '', digest: '' };

/** The mark of a worker with this environment. Throws `config.invalid`. */
export async function sandboxMark(env: Environment): Promise<SandboxMark> {
  if (askedSandbox(env) !== 'kubernetes') return localMark;
  // The client of clusters is loaded by those only that have one.
  const { kubernetesCluster } = await import('./kubernetes-ports.ts');
  const { kubernetesConfig } = await import('./kubernetes-config.ts');
  const { settings, owner } = kubernetesConfig(env);
  return {
    backend: 'kubernetes',
    place: kubernetesCluster(env).getCurrentCluster()?.server ?? '',
    digest: createHash('sha256').update(JSON.stringify({ settings, owner })).digest('hex'),
  };
}

/** The settings of the sandbox that are not the mark's, by name. An environment that says nothing of it (null) leaves it to the worker. */
export function otherSandbox(mark: SandboxMark, own: SandboxMark | null): readonly string[] {
  if (own === null) return [];
  if (mark.backend !== own.backend) return ['LONGHAUL_SANDBOX'];
  if (mark.place !== own.place) return ['KUBECONFIG'];
  return mark.digest === own.digest ? [] : ['kubernetes.yaml'];
}

/** Throws `worker.other_settings` where workers of a home would run the commands of one task in different sandboxes. */
export function refuseMixed(
  own: SandboxMark,
  others: readonly { readonly pid: number; readonly sandbox: SandboxMark | null }[],
): void {
  const other = others.find(({ sandbox }) => otherSandbox(sandbox ?? localMark, own).length > 0);
  if (other === undefined) return;
  const { backend } = other.sandbox ?? localMark;
  throw new LonghaulError(
    'worker.other_settings',
    `Worker ${other.pid} of this home was started with another ${otherSandbox(other.sandbox ?? localMark, own).join('')} (its sandbox is ${backend}), and both would work on the same tasks. End it first ("longhaul down"), or give this one a LONGHAUL_HOME of its own.`,
  );
}
