import { basename } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { line, tone } from '../terminal/line.ts';
import { renderLines } from '../terminal/render.ts';
import { defineVerb, JsonSchema, parseUsage, printJson, type VerbContext } from './define-verb.ts';

const OptionsSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'expected lower-case letters, digits, dots and dashes')
    .optional(),
  json: JsonSchema,
});

export function addPolicyImportVerb(policies: Command, { platform }: VerbContext): void {
  defineVerb(policies, {
    usage: 'import <file>',
    summary: "a policy from a file of Codex's prefix_rule()s, as YAML",
    more: 'Prints the policy; what could not be taken over is said on standard error. A command that no rule speaks of asks: add "extends: default" to build on a built-in policy.',
    example: 'import ~/.codex/rules/default.rules > team.yaml',
    json: 'one object: the policy as YAML text, and notes',
  })
    .option('--name <name>', "the policy's name; by default of the file's")
    .action(async (file: string, raw: unknown) => {
      const options = parseUsage(OptionsSchema, raw);
      const text = await platform.readFile(file);
      const { yaml, notes } = platform.importPolicy(text, file, options.name ?? nameOf(file));
      if (options.json) return printJson(platform, { type: 'policy.imported', yaml, notes });
      const { columns, color } = platform.terminal.facts();
      const rows = renderLines(
        notes.map((note) => line(tone('warn', note))),
        { columns, color },
      );
      if (rows.length > 0) await platform.terminal.writeError(`${rows.join('\n')}\n`);
      await platform.terminal.write(yaml);
    });
}

function nameOf(file: string): string {
  const name = basename(file)
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return `codex-${name || 'rules'}`.slice(0, 60);
}
