import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxLimits } from '../contracts/sandbox.ts';
import type { PodPool } from '../k8s/pool/pool.ts';
import { kubernetesPool } from './kubernetes-ports.ts';
import { askedSandbox } from './sandbox-choice.ts';
import type { Environment } from './state-dir.ts';

const lookEveryMs = 5_000;

export interface LookingAfter {
  stop(): Promise<void>;
}

/**
 * Keeps pods waiting for this worker's leases until it is told to stop; takes those away that wait where the settings ask for none. A cluster that
 * cannot be asked is said on standard error, once for each reason, and asked again.
 */
export function lookAfterPool(env: Environment, limits: SandboxLimits): LookingAfter {
  if (askedSandbox(env) !== 'kubernetes') return { stop: async () => undefined };
  const pool = kubernetesPool(env, limits);
  return tendUntilStopped(pool, { lookEveryMs, once: pool.size === 0, report: toStandardError });
}

const toStandardError = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

export function tendUntilStopped(
  pool: PodPool,
  how: { readonly lookEveryMs: number; readonly once: boolean; readonly report: (line: string) => void },
): LookingAfter {
  const stopped = new AbortController();
  const { signal } = stopped;
  let said = '';
  const tend = async (): Promise<boolean> => {
    try {
      await pool.tend();
      said = '';
      return true;
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      if (found !== said)
        how.report(
          `The pool of sandboxes cannot be looked after, and leases wait for pods of their own: ${found}`,
        );
      said = found;
      return false;
    }
  };
  const looking = (async () => {
    while (!signal.aborted) {
      const done = await tend();
      if (done && how.once) return;
      await delay(how.lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await looking;
    },
  };
}
