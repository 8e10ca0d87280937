import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { Platform } from '../platform.ts';
import { splitLines } from '../terminal/escape.ts';
import { exactLines, line, tone } from '../terminal/line.ts';
import { type Output, outputsOf } from '../view/outputs.ts';
import { allEvents } from './all-events.ts';
import {
  CountSchema,
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withTask,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({
  iteration: CountSchema.optional(),
  action: z.string().optional(),
  raw: z.boolean().default(false),
  json: JsonSchema,
});
type Options = z.infer<typeof OptionsSchema>;

export function addLogsVerb(program: Command, { platform }: VerbContext): void {
  defineVerb(program, {
    usage: 'logs <task>',
    summary: 'everything that the commands and checks of a task printed',
    more: 'Control characters are escaped, so that no output can drive your terminal.',
    example: 'logs fix-the-date-bug-x7k2p --iteration 2',
    json: 'one output a line',
  })
    .option('--iteration <n>', 'only those of one iteration')
    .option('--action <id>', 'only that of one action, such as i2.a0')
    .option('--raw', 'the bytes as they are, without titles')
    .action(async (task: string, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      await withTask(platform, task, async (client, taskId) => {
        const outputs = (await allOutputs(client, taskId)).filter((output) => isWanted(output, options));
        for (const output of outputs) await printOutput(platform, client, output, options);
        if (outputs.length === 0 && !options.json && !options.raw) {
          await printLines(platform, [line('No output has been kept for that so far.')]);
        }
      });
    });
}

async function allOutputs(client: TaskClient, taskId: TaskId): Promise<readonly Output[]> {
  return outputsOf(await allEvents(client, taskId));
}

function isWanted(output: Output, { iteration, action }: Options): boolean {
  if (iteration !== undefined && output.iteration !== iteration) return false;
  return action === undefined || output.actionId === action;
}

async function printOutput(
  platform: Platform,
  client: TaskClient,
  output: Output,
  options: Options,
): Promise<void> {
  const bytes = output.digest === null ? new Uint8Array() : await client.artifact(output.digest);
  if (options.raw) return platform.terminal.write(bytes);
  const text = new TextDecoder().decode(bytes);
  if (options.json) return printJson(platform, { type: 'task.output', ...output, output: text });
  const where = output.actionId ?? `check of iteration ${output.iteration}`;
  await printLines(platform, [
    line(tone('strong', `── ${where}: `), output.title, tone('dim', `  ${output.status}`)),
    ...exactLines(0, splitLines(text)),
  ]);
}
