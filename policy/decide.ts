import type { Decision } from '../contracts/decision.ts';
import type { Digest } from '../contracts/ids.ts';
import { type Finding, finding } from './finding.ts';
import { visible } from './hidden-characters.ts';
import { type JudgeInput, judge } from './judge.ts';

export interface DecideInput extends JudgeInput {
  readonly policyDigest: Digest;
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/**
 * What a policy says of an action: the strictest of all findings, the first of them in the policy's order. Total: a fault inside denies.
 * An approval that stands turns an `ask` about a plain command or patch into an `allow`, never a `deny`, never for a delivery.
 */
export function decide(input: DecideInput): Decision {
  const findings = findingsOf(input);
  const decisive = strictest(findings);
  const outcome = decisive.outcome;
  return {
    outcome,
    ruleId: (outcome === 'allow'
      ? (findings.find((one) => one.ruleId.startsWith('standing/')) ?? decisive)
      : decisive
    ).ruleId.slice(0, 200),
    policyDigest: input.policyDigest,
    reason: shortened(decisive.reason, 500),
    standingRule: outcome === 'ask' ? proposal(findings) : null,
  };
}

/** Line by line which rule says what of which part of an action, for a person: the strictest decides. Nothing is cut; what cannot be seen is escaped. */
export function explain(input: JudgeInput): readonly string[] {
  const lines = findingsOf(input).map(
    (one) =>
      `${one.outcome}  ${visible(one.subject) || '(no words)'}  (${one.ruleId}: ${visible(one.reason)})`,
  );
  return [...new Set(lines)];
}

/** What every rule says of every part of an action; a fault inside is a denial. */
export function findingsOf(input: JudgeInput): readonly Finding[] {
  try {
    return judge(input);
  } catch {
    return [
      finding('action', 'deny', 'builtin/fault', 'The policy could not judge the action, so it is denied.'),
    ];
  }
}

function strictest(findings: readonly Finding[]): Finding {
  const [
    first = finding('action', 'ask', 'builtin/no-rule', 'No rule of the policy speaks of it.'),
    ...others
  ] = findings;
  return others.reduce(
    (worst, one) => (strictness[one.outcome] > strictness[worst.outcome] ? one : worst),
    first,
  );
}

/** One rule that would answer every `ask`, if there is one. */
function proposal(findings: readonly Finding[]): Decision['standingRule'] {
  const [first, ...others] = findings.filter((one) => one.outcome === 'ask');
  if (first === undefined || first.standable === null) return null;
  const wanted = JSON.stringify(first.standable);
  return others.every((one) => JSON.stringify(one.standable) === wanted) ? first.standable : null;
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
