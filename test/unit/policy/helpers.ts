import type { ActionBody } from '../../../contracts/action.ts';
import type { Decision, StandingRule } from '../../../contracts/decision.ts';
import { decide } from '../../../policy/decide.ts';
import { builtInPolicy, policyDigest } from '../../../policy/load.ts';
import type { Policy } from '../../../policy/schema.ts';

export function shell(line: string, cwd = '.'): ActionBody {
  return { kind: 'shell', argv: ['bash', '-lc', line], line, cwd, timeoutMs: null, justification: null };
}

export function argv(...words: string[]): ActionBody {
  return { kind: 'shell', argv: words, line: null, cwd: '.', timeoutMs: null, justification: null };
}

export function decideBy(
  policy: Policy | string,
  body: ActionBody,
  options: {
    readonly patchPaths?: readonly string[] | null;
    readonly standing?: readonly StandingRule[];
  } = {},
): Decision {
  const chosen = typeof policy === 'string' ? builtInPolicy(policy) : policy;
  const { patchPaths = null, standing = [] } = options;
  return decide({ policy: chosen, policyDigest: policyDigest(chosen), body, patchPaths, standing });
}

export const patch: ActionBody = { kind: 'apply_patch', patch: '*** Begin Patch\n*** End Patch' };
