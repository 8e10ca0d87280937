import type { Command } from 'commander';
import { z } from 'zod';
import type { ServerFacts, Started, WorkerFacts } from '../platform.ts';
import { withProgress } from '../progress.ts';
import { commandLine, field, type Line, line, tone } from '../terminal/line.ts';
import { asTyped } from '../view/as-typed.ts';
import { ownCommand } from '../view/shell-words.ts';
import { otherSettingsFix, otherSettingsText, refuseOtherSandbox, sandboxWords } from '../worker-settings.ts';
import {
  CountSchema,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
} from './define-verb.ts';
import { LeaveSchema, many } from './leave-option.ts';
import { SandboxOptionSchema, sandboxOption } from './sandbox-option.ts';

const OptionsSchema = z.strictObject({
  workers: CountSchema.default(1),
  leave: LeaveSchema,
  sandbox: SandboxOptionSchema,
  json: JsonSchema,
});

export function addUpVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'up',
    summary: 'start the embedded Temporal server and a worker, unless they run',
    more: 'Where TEMPORAL_ADDRESS or the configuration of the Temporal client names a server, that one is used and only workers are started. A new version takes over only when it can go on with the tasks that run; see docs/versions.md.',
    example: 'up --workers 2',
    json: 'addresses and processes as one object',
  })
    .option('--workers <n>', 'so many workers; by default 1')
    .option('--leave <task>', 'a task that may stay with workers of its own version; again for more', many)
    .option(...sandboxOption)
    .action(async (raw: unknown) => {
      const { workers: count, leave, sandbox, json } = parseUsage(OptionsSchema, raw);
      await platform.chooseSandbox(sandbox);
      const { server, workers } = await withProgress(platform, json, async (progress) => {
        const ready = await platform.ensureServer(progress);
        if (!ready.started) refuseOtherSandbox(await platform.workers());
        return { server: ready, workers: await platform.ensureWorkers(count, progress, leave) };
      });
      if (json) return printJson(platform, { type: 'up', server, workers });
      return printLines(platform, upLines(server, workers, platform.program));
    });
}

function workerWords({ pid, version, sandbox }: WorkerFacts): string {
  const where = sandbox.backend === 'local' ? '' : `, commands ${sandboxWords(sandbox)}`;
  return `process ${pid}, version ${version}${where}`;
}

function upLines(
  server: Started<ServerFacts>,
  workers: Started<readonly WorkerFacts[]>,
  program: string,
): readonly Line[] {
  const { address, namespace, uiAddress, kind } = server.facts;
  const other = otherSettingsText(workers.facts);
  const title = server.started || workers.started ? 'Up.' : 'Already up.';
  return [
    line(tone('good', title)),
    field(2, 9, 'server', `${address}, namespace ${namespace} (${kind})`),
    ...(uiAddress === null ? [] : [field(2, 9, 'page', uiAddress)]),
    ...workers.facts.map((worker, index) => field(2, 9, index === 0 ? 'workers' : '', workerWords(worker))),
    ...workers.facts.flatMap(({ notes }) => notes).map((note) => field(2, 9, 'note', asTyped(note, program))),
    ...(other === null ? [] : [field(2, 9, 'note', asTyped(`${other} ${otherSettingsFix}`, program))]),
    commandLine(2, 9, 'next', ownCommand(program, 'run', 'Fix the failing test')),
  ];
}
