import type { Command } from 'commander';
import { z } from 'zod';
import type { DrillEvent } from '../../contracts/drill.ts';
import { detachedExitCode } from '../exit-code.ts';
import type { Platform } from '../platform.ts';
import { type Line, line, tone } from '../terminal/line.ts';
import { createScreen, type Screen } from '../terminal/screen.ts';
import { certificateLines, faultText } from '../view/certificate-lines.ts';
import { counted, formatDuration } from '../view/format.ts';
import {
  CountSchema,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const SeedSchema = z
  .string()
  .regex(/^[0-9]{1,10}$/, 'expected a whole number')
  .transform(Number)
  .refine((seed) => seed < 2 ** 32, 'expected a number below 4294967296');
const OptionsSchema = z.strictObject({
  faults: CountSchema.refine((count) => count <= 1000, 'expected at most 1000').default(6),
  seed: SeedSchema.optional(),
  keep: z.boolean().default(false),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

/** A promise of this product did not hold. */
const notHeldExitCode = 1;

export function addDrillVerb(program: Command, context: VerbContext): void {
  const { platform } = context;
  defineVerb(program, {
    usage: 'drill <task>',
    summary: 'run a delivered task again in a copy, under random faults, and say what held',
    more: [
      "The copy has its own Temporal server, workers, repository and model: the recorded answers are played back, so that nothing is paid and nothing of yours is touched. First comes a calm run, then runs in which workers, the server and sandboxes are killed or frozen and the model's answer is dropped.",
      '',
      'Ends with 0 when everything held, with 1 when something did not, with 3 when the task cannot be drilled.',
    ].join('\n'),
    example: ['drill fix-the-date-bug-x7k2p', 'drill fix-the-date-bug-x7k2p --faults 20 --seed 7'].join('\n'),
    json: 'one event a line, the last one the certificate',
  })
    .option('--faults <n>', 'so many faults in all; by default 6')
    .option('--seed <n>', 'which faults strike when; by default a new one each time')
    .option('--keep', "leave the copy's files where they are")
    .action(async (task: string, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const taskId = await withTask(platform, task, async (_, id) => id);
      context.setExitCode(await drill(platform, taskId, options));
    });
}

async function drill(
  platform: Platform,
  taskId: Parameters<Platform['drill']>[0],
  { faults, seed = newSeed(platform), keep, json }: Options,
): Promise<number> {
  const stop = new AbortController();
  const screen = createScreen(platform.terminal);
  const stopListening = platform.terminal.onInterrupt(() => {
    if (!stop.signal.aborted) void screen.live([line(tone('dim', '… ending what the drill has started'))]);
    stop.abort();
  });
  const tell = (event: DrillEvent) => {
    if (stop.signal.aborted) return;
    if (json) void printJson(platform, event);
    else void showEvent(screen, event);
  };
  try {
    const certificate = await platform.drill(taskId, { faults, seed, keep, signal: stop.signal }, tell);
    await screen.live([]);
    if (json) await printJson(platform, { type: 'drill.certificate', ...certificate });
    else await screen.print(certificateLines(certificate));
    return certificate.held ? 0 : notHeldExitCode;
  } catch (error) {
    await screen.live([]);
    if (stop.signal.aborted && error === stop.signal.reason) return detachedExitCode;
    throw error;
  } finally {
    stopListening();
  }
}

function newSeed(platform: Platform): number {
  return platform.randomBytes(4).reduce((sum, byte) => sum * 256 + byte, 0);
}

async function showEvent(screen: Screen, event: DrillEvent): Promise<void> {
  if (event.type === 'drill.doing') return screen.live([line(tone('dim', `… ${event.text}`))]);
  return screen.print([eventLine(event)]);
}

function eventLine(event: Exclude<DrillEvent, { type: 'drill.doing' }>): Line {
  switch (event.type) {
    case 'drill.run_started': {
      const what = event.faults.length === 0 ? 'calm' : counted(event.faults.length, 'fault');
      return line(tone('strong', `Run ${event.run}`), ` ${what}`);
    }
    case 'drill.fault':
      return line(tone('warn', '  ! '), faultText(event.fault), tone('dim', ` (${event.target})`));
    case 'drill.recovered':
      return line(tone('good', '  ✓ '), `went on after ${formatDuration(event.recoveredMs)}`);
    case 'drill.run_ended': {
      const { status, durationMs, problems } = event.result;
      const mark = problems.length === 0 ? tone('good', '  ✓ ') : tone('bad', '  ✗ ');
      return line(mark, `${status} after ${formatDuration(durationMs)}`);
    }
    default:
      return event satisfies never;
  }
}
