import type { Command } from 'commander';
import { defineVerb, type VerbContext } from './define-verb.ts';

export function addWorkerVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'worker',
    summary: 'run a worker in the foreground, as a cluster does',
    more: [
      'SIGTERM or SIGINT lets it finish what it can; what it cannot goes on in another worker.',
      '',
      'It reads these variables:',
      '  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…  the server',
      '  TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE  the same from a file',
      '  OPENAI_BASE_URL, OPENAI_API_KEY, LONGHAUL_MODEL  the model',
      '  LONGHAUL_MODELS_FILE  profiles and prices of models',
      '  LONGHAUL_SANDBOX_READ_ONLY_PATHS  toolchains that are lent to sandboxes, separated by colons',
      '  LONGHAUL_HOME  where its state lies',
    ].join('\n'),
    example: 'worker',
    json: 'no effect: a worker logs to standard error',
  }).action(() => platform.runWorker());
}
