import type { Command } from 'commander';
import { z } from 'zod';
import { errorTable } from '../../contracts/words/errors.ts';
import type { Platform, Replay, ReplayedRun, ReplayRequest } from '../platform.ts';
import { resolveTask } from '../resolve-task.ts';
import { field, type Line, line, tone } from '../terminal/line.ts';
import { counted } from '../view/format.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withClient,
} from './define-verb.ts';

const unitMs = { h: 3_600_000, d: 86_400_000 } as const;
const defaultSinceMs = 30 * unitMs.d;

const SinceSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,4}[hd]$/, 'expected hours or days, such as 12h or 30d')
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('h') ? unitMs.h : unitMs.d));
const OptionsSchema = z.strictObject({
  since: SinceSchema.optional(),
  histories: z.string().min(1).optional(),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

export function addReplayVerb(program: Command, { platform, setExitCode }: VerbContext): void {
  defineVerb(program, {
    usage: 'replay [tasks...]',
    summary: "whether this version's workflow code can go on with recorded tasks",
    more: [
      'Runs the workflow code over histories: no model is asked and no command is run. Without tasks: over those of this home that run, and over those that ended in the last 30 days.',
      'A worker asks the same of the tasks that run before its version takes over; see docs/versions.md. Ends with 1 when one cannot be replayed.',
    ].join('\n'),
    example: ['replay --since 7d', 'replay --histories test/replay/histories'].join('\n'),
    json: 'one object a run, the last one the sum',
  })
    .option('--since <time>', 'how far back, such as 12h or 30d; by default 30d')
    .option('--histories <folder>', 'the histories in the .json files below a folder, without a server')
    .action(async (tasks: unknown, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const request = await requestOf(platform, parseUsage(z.array(z.string()), tasks), options);
      const failed = await show(platform, await platform.replay(request), options.json);
      if (failed > 0) setExitCode(errorTable['version.cannot_replay'].exitCode);
    });
}

async function requestOf(
  platform: Platform,
  tasks: readonly string[],
  { since, histories }: Options,
): Promise<ReplayRequest> {
  const given = [tasks.length > 0, since !== undefined, histories !== undefined].filter(Boolean);
  parseUsage(z.literal(true, 'give tasks, --since or --histories, not two of them'), given.length <= 1);
  if (histories !== undefined) return { type: 'folder', folder: histories };
  if (tasks.length === 0)
    return { type: 'since', endedSinceMs: platform.clock.nowMs() - (since ?? defaultSinceMs) };
  const taskIds = await withClient(platform, (client) =>
    Promise.all(tasks.map((task) => resolveTask(client, task))),
  );
  return { type: 'tasks', taskIds };
}

/** Each run as it is done, and the sum; gives how many failed. */
async function show(platform: Platform, { build, runs }: Replay, json: boolean): Promise<number> {
  let total = 0;
  let failed = 0;
  for await (const run of runs) {
    total += 1;
    if (run.problem !== null) failed += 1;
    if (json) await printJson(platform, { type: 'replay.run', ...run });
    else await printLines(platform, runLines(run));
  }
  if (json) await printJson(platform, { type: 'replay', build, runs: total, failed });
  else await printLines(platform, [sumLine(build, total, failed)]);
  return failed;
}

function runLines({ name, runId, events, problem }: ReplayedRun): readonly Line[] {
  const of = `${name}${runId === null ? '' : `, run ${runId.slice(0, 8)}`}, ${counted(events, 'event')}`;
  if (problem === null) return [line(tone('good', '✓ '), of)];
  return [line(tone('bad', '✗ '), of), field(2, 0, '', problem)];
}

function sumLine(build: string, total: number, failed: number): Line {
  if (total === 0) return line('There is no history to replay.');
  if (failed === 0) return line(tone('good', `${build} can go on from ${allOf(total)}.`));
  return line(tone('bad', `${build} cannot go on from ${failed} of ${counted(total, 'run')}.`));
}

function allOf(total: number): string {
  return total === 1 ? 'the one run' : `all ${total} runs`;
}
