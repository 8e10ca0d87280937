import type { LeaseMode } from '../contracts/activities.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { Lease } from '../contracts/sandbox.ts';
import type { Environment } from './state-dir.ts';

export type SandboxBackend = Lease['backend'];

const backends: ReadonlySet<string> = new Set<SandboxBackend>(['local', 'kubernetes']);
const isBackend = (word: string): word is SandboxBackend => backends.has(word);

/** Where commands of tasks run: `LONGHAUL_SANDBOX`; null where the environment does not say. Throws `config.invalid`. */
export function askedSandbox(env: Environment): SandboxBackend | null {
  const word = (env['LONGHAUL_SANDBOX'] ?? '').trim();
  if (word === '') return null;
  if (isBackend(word)) return word;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_SANDBOX must be ${[...backends].join(' or ')}, and it is "${word}". Set it to one, or unset it to use the local sandbox.`,
  );
}

/** How long a task that begins here keeps a sandbox: `LONGHAUL_SANDBOX_LEASE`, else over all its iterations. Throws `config.invalid`. */
export function askedLease(env: Environment): LeaseMode {
  const word = (env['LONGHAUL_SANDBOX_LEASE'] ?? '').trim();
  if (word === '') return 'task';
  if (word === 'task' || word === 'iteration') return word;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_SANDBOX_LEASE must be task or iteration, and it is "${word}". Set it to one, or unset it to keep a sandbox over all iterations of a task.`,
  );
}
