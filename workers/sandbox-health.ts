import { defaultLimits } from '../activities/ports.ts';
import { localSandbox } from './local-ports.ts';
import { askedSandbox } from './sandbox-choice.ts';
import type { Environment } from './state-dir.ts';

/** Whether the sandbox that this environment asks for can be used, and what holds in each. Throws `config.invalid` for a word that names none. */
export async function sandboxHealth(env: Environment) {
  const { sandbox, maxOutputBytes } = defaultLimits;
  const limits = [
    `${mebibytes(sandbox.memoryBytes)} of memory`,
    `${sandbox.processes} processes`,
    `files up to ${mebibytes(sandbox.maxFileBytes)} in a checkpoint`,
    `${mebibytes(maxOutputBytes)} of output a command`,
  ];
  if (askedSandbox(env) !== 'kubernetes')
    return { backend: 'local' as const, ...(await localSandbox(env).probe()), limits };
  const { clusterFindings } = await import('./kubernetes-ports.ts');
  return { backend: 'kubernetes' as const, findings: await clusterFindings(env), limits };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
