import type { ExplainedCommand, ExplainedPart } from '../contracts/decision.ts';
import { decide, findingsOf } from './decide.ts';
import { visible } from './hidden-characters.ts';
import { policyDigest } from './load.ts';
import type { Policy } from './schema.ts';

/** What a policy says of one command line, as the agent's shell in the workspace's root would get it, with nothing that a person let stand. */
export function createExplainCommand(policy: Policy): (command: string) => ExplainedCommand {
  const digest = policyDigest(policy);
  return (command) => {
    const body = {
      kind: 'shell' as const,
      argv: ['bash', '-lc', command],
      line: command,
      cwd: '.',
      timeoutMs: null,
      justification: null,
    };
    const input = { policy, policyDigest: digest, body, patchPaths: null, standing: [] };
    const { outcome, ruleId: rule, reason } = decide(input);
    const parts = findingsOf(input).map((one) => ({
      part: visible(one.subject),
      outcome: one.outcome,
      rule: one.ruleId,
      reason: visible(one.reason),
    }));
    return { command, outcome, rule, reason, parts: unlike(parts) };
  };
}

function unlike(parts: readonly ExplainedPart[]): readonly ExplainedPart[] {
  return [...new Map(parts.map((one) => [JSON.stringify(one), one])).values()];
}
