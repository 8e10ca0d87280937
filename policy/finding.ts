import type { Decision, StandingRule } from '../contracts/decision.ts';
import type { Rule } from './schema.ts';

/** What one rule says of one part of an action. */
export interface Finding {
  /** The part: a command, a path, or the kind of action. */
  readonly subject: string;
  readonly outcome: Decision['outcome'];
  readonly ruleId: string;
  readonly reason: string;
  /** What a standing rule would have to cover for an `ask` to be answered; null when none can. */
  readonly standable: StandingRule | null;
}

/** An `ask` that a person has answered for the rest of the task. */
export function stands(one: Finding, index: number): Finding {
  const reason = `A person let this stand for the task; otherwise ${one.ruleId} asks.`;
  return { ...one, outcome: 'allow', ruleId: `standing/${index + 1}`, reason, standable: null };
}

/** A finding by a rule of the policy. */
export function ofRule(subject: string, rule: Rule): Finding {
  return finding(subject, rule.effect, rule.id, rule.reason ?? defaultReasons[rule.effect]);
}

/** The finding when no rule speaks of a part: unknown is `ask`. */
export function noRule(subject: string): Finding {
  return finding(subject, 'ask', 'builtin/no-rule', 'No rule of the policy speaks of it.');
}

export function finding(
  subject: string,
  outcome: Finding['outcome'],
  ruleId: string,
  reason: string,
): Finding {
  return { subject, outcome, ruleId, reason, standable: null };
}

const defaultReasons = {
  allow: 'The policy allows it.',
  ask: 'The policy asks a person about it.',
  deny: 'The policy denies it.',
} as const;
