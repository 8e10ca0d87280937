import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { policyJsonSchema } from '../../../policy/json-schema.ts';
import { parsePolicy } from '../../../policy/parse-policy.ts';

const page = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');
const example = /```yaml\n(?<text>[\s\S]*?)```/.exec(page)?.groups?.['text'] ?? '';
const bySchema = z.fromJSONSchema(policyJsonSchema());
const takes = (value: unknown) => bySchema.safeParse(value).success;

it('the JSON Schema takes the example of the documentation, which is a valid policy', () => {
  expect(parsePolicy(example, 'team.yaml').name).toBe('team');
  expect(takes(parse(example))).toBe(true);
});

it.each([
  ['a key that there is not', { alow: [] }],
  ['a rule that is about a command and a path', { ask: [{ shell: ['rg'], path: 'db/**' }] }],
  ['a rule about nothing', { ask: [{ reason: 'none' }] }],
  ['an option of a rule that there is not', { deny: [{ shell: ['rg'], has: ['--pre'] }] }],
  ['another version', { version: 2 }],
])('the JSON Schema refuses %s', (_, change) => {
  expect(takes({ version: 1, name: 'team' })).toBe(true);
  expect(takes({ version: 1, name: 'team', ...change })).toBe(false);
});
