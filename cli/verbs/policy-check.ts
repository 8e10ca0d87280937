import type { Command } from 'commander';
import { z } from 'zod';
import { line, tone } from '../terminal/line.ts';
import { counted } from '../view/format.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addPolicyCheckVerb(policies: Command, { platform }: VerbContext): void {
  defineVerb(policies, {
    usage: 'check <policies...>',
    summary: 'whether policy files are valid, examples included',
    more: 'Names of built-in policies count too. Ends with 7 at the first that is not valid, with line and column.',
    example: 'check team.yaml',
    json: 'one object a policy',
  }).action(async (names: unknown, raw: unknown) => {
    const options = parseUsage(OptionsSchema, raw);
    for (const named of parseUsage(z.array(z.string()), names)) {
      const { name, digest, rules } = await platform.readPolicy(named);
      if (options.json) await printJson(platform, { type: 'policy', name, digest, rules });
      else {
        const { allow, ask, deny } = rules;
        const sum = `${counted(allow + ask + deny, 'rule')} (${allow} allow, ${ask} ask, ${deny} deny)`;
        await printLines(platform, [line(tone('good', '✓ '), `${named}: ${sum}, ${digest}`)]);
      }
    }
  });
}
