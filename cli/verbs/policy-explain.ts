import type { Command } from 'commander';
import { z } from 'zod';
import type { ExplainedCommand } from '../../contracts/decision.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { Platform } from '../platform.ts';
import { exactLines, field, type Line, line, type Tone, tone } from '../terminal/line.ts';
import { shellCommand } from '../view/shell-words.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({
  policy: z.string().min(1).optional(),
  file: z.string().min(1).optional(),
  json: JsonSchema,
});
const AskedSchema = z.looseObject({ command: z.string() });

export function addPolicyExplainVerb(policies: Command, { platform }: VerbContext): void {
  defineVerb(policies, {
    usage: 'explain [command...]',
    summary: 'what a policy says of a command line, and which rule decides',
    more: [
      'One argument is a command line, as a shell reads it; several are the words of one command. Nothing is run.',
      'It is judged as in the root of the workspace, in a task in which nothing was let stand.',
    ].join('\n'),
    example: [
      'explain -- "git push --force origin main"',
      'explain --json --policy careful --file commands.jsonl',
    ].join('\n'),
    json: 'one object a command: command, outcome, rule, reason and the parts of the command',
  })
    .option(
      '--policy <name|file>',
      `a built-in policy or a YAML file; by default ${platform.defaults.policy}`,
    )
    .option('--file <path>', 'commands from a file: one JSON object {"command": "…"} a line')
    .action(async (words: unknown, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const policy = await platform.readPolicy(options.policy ?? platform.defaults.policy);
      const given = parseUsage(z.array(z.string()), words);
      for (const command of await commandsOf(platform, given, options.file)) {
        const explained = policy.explain(command);
        if (options.json) await printJson(platform, explained);
        else await printLines(platform, explanation(explained));
      }
    });
}

async function commandsOf(
  platform: Platform,
  words: readonly string[],
  file: string | undefined,
): Promise<readonly string[]> {
  parseUsage(
    z.literal(true, 'give a command or --file, one of them'),
    words.length > 0 !== (file !== undefined),
  );
  if (file === undefined) return [words.length === 1 ? (words[0] ?? '') : shellCommand(words)];
  const rows = (await platform.readFile(file)).split('\n');
  return rows.flatMap((row, index) =>
    row.trim() === '' ? [] : [askedIn(row, `${file}, line ${index + 1}`)],
  );
}

function askedIn(row: string, place: string): string {
  const parsed = AskedSchema.safeParse(jsonOf(row));
  if (parsed.success) return parsed.data.command;
  throw new LonghaulError(
    'usage.invalid',
    `${place}: expected one JSON object such as {"command": "npm test"}`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tones: Readonly<Record<ExplainedCommand['outcome'], Tone>> = {
  allow: 'good',
  ask: 'warn',
  deny: 'bad',
};

/** The command whole, what becomes of it, and which rule says what of which part. */
function explanation({ command, outcome, rule, reason, parts }: ExplainedCommand): readonly Line[] {
  return [
    ...exactLines(0, command.split('\n'), () => 'strong'),
    line(tone(tones[outcome], outcome), `  ${rule}: ${reason}`),
    ...parts.flatMap((one, index) => [
      ...(one.part === parts[index - 1]?.part
        ? []
        : exactLines(2, [one.part === '' ? '(no words)' : one.part])),
      field(4, 7, one.outcome, `${one.rule}: ${one.reason}`),
    ]),
  ];
}
