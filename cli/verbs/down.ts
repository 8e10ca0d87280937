import type { Command } from 'commander';
import { z } from 'zod';
import { withProgress } from '../progress.ts';
import { line, lineAndCommand } from '../terminal/line.ts';
import { counted } from '../view/format.ts';
import { ownCommand } from '../view/shell-words.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addDownVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'down',
    summary: 'stop the workers and the embedded server',
    more: 'Tasks stay: they go on after the next "up".',
    example: 'down',
    json: 'what was stopped as one object',
  }).action(async (raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    const stopped = await withProgress(platform, json, (progress) => platform.stop(progress));
    if (json) return printJson(platform, { type: 'down', ...stopped });
    if (stopped.workers === 0 && !stopped.server) return printLines(platform, [line('Nothing was running.')]);
    const server = stopped.server ? ' and the Temporal server' : '';
    const up = ownCommand(platform.program, 'up');
    return printLines(
      platform,
      lineAndCommand(
        `Stopped ${counted(stopped.workers, 'worker')}${server}. Tasks stay and go on after:`,
        up,
      ),
    );
  });
}
