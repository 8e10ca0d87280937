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
