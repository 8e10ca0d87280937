import type { ExplainedCommand } from '../contracts/decision.ts';
import type { Digest } from '../contracts/ids.ts';
import { createExplainCommand } from './explain-command.ts';
import { policyDigest } from './load.ts';
import type { Policy, Rule } from './schema.ts';

export interface PolicyFacts {
  readonly name: string;
  readonly digest: Digest;
  /** How many there are, inherited ones included. */
  readonly rules: Readonly<Record<Rule['effect'], number>>;
  explain(command: string): ExplainedCommand;
}

/** What a person may ask of a policy. */
export function policyFacts(policy: Policy): PolicyFacts {
  const count = (effect: Rule['effect']) => policy.rules.filter((rule) => rule.effect === effect).length;
  return {
    name: policy.name,
    digest: policyDigest(policy),
    rules: { allow: count('allow'), ask: count('ask'), deny: count('deny') },
    explain: createExplainCommand(policy),
  };
}
