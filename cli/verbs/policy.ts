import type { Command } from 'commander';
import type { VerbContext } from './define-verb.ts';
import { addPolicyCheckVerb } from './policy-check.ts';
import { addPolicyExplainVerb } from './policy-explain.ts';
import { addPolicyImportVerb } from './policy-import.ts';
import { addPolicySchemaVerb } from './policy-schema.ts';

export function addPolicyVerb(program: Command, context: VerbContext): void {
  const policy = program
    .command('policy')
    .summary('check a policy, and what it says of a command')
    .description(
      'check a policy, and what it says of a command\n\nA policy decides for each action of a task: allow, ask or deny. See docs/policy.md.',
    );
  addPolicyCheckVerb(policy, context);
  addPolicyExplainVerb(policy, context);
  addPolicyImportVerb(policy, context);
  addPolicySchemaVerb(policy, context);
}
