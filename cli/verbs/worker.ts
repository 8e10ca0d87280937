import type { Command } from 'commander';
import { z } from 'zod';
import { defineVerb, JsonSchema, parseUsage, type VerbContext } from './define-verb.ts';
import { LeaveSchema, many } from './leave-option.ts';

const OptionsSchema = z.strictObject({
  promote: z.boolean().default(false),
  leave: LeaveSchema,
  json: JsonSchema,
});

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
      '  LONGHAUL_SANDBOX  where commands run: local or kubernetes',
      '  KUBECONFIG, LONGHAUL_KUBERNETES_CONFIG  the cluster, and how its pods are made (docs/kubernetes.md)',
      '  LONGHAUL_SANDBOX_READ_ONLY_PATHS  toolchains that are lent to sandboxes, separated by colons',
      '  LONGHAUL_HOME, LONGHAUL_TASK_QUEUE  where its state lies, and the queue that it serves',
      '  LONGHAUL_HEALTH_PORT  answers /livez and /readyz there; unset: nowhere',
      '  LONGHAUL_WORKER_VERSIONING  off: without versions, for a server that has none',
      '  LONGHAUL_WORKFLOW_BUNDLE  workflow code to run in place of its own, see docs/versions.md',
      '',
      'A version that is new becomes current once it has replayed the running tasks. One that was replaced before does not, unless --promote asks for it or no worker of the current one is left.',
    ].join('\n'),
    example: 'worker',
    json: 'no effect: a worker logs to standard error',
  })
    .option('--promote', 'make its version current also where another one has replaced it')
    .option('--leave <task>', 'a task that may stay with workers of its own version; again for more', many)
    .action(async (raw: unknown) => {
      const { promote, leave } = parseUsage(OptionsSchema, raw);
      await platform.runWorker({ promote, leave });
    });
}
