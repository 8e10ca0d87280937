import type { Command } from 'commander';
import { z } from 'zod';
import { defineVerb, JsonSchema, parseUsage, printJson, type VerbContext } from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });

export function addPolicySchemaVerb(policies: Command, { platform }: VerbContext): void {
  defineVerb(policies, {
    usage: 'schema',
    summary: 'the form of a policy file as JSON Schema, for editors',
    more: 'Save it, and begin a policy with: # yaml-language-server: $schema=policy.schema.json',
    example: 'schema > policy.schema.json',
    json: 'the same: it is JSON',
  }).action(async (raw: unknown) => {
    parseUsage(OptionsSchema, raw);
    await printJson(platform, platform.policySchema());
  });
}
