import { canonicalBytes, digestOf } from '../contracts/digest.ts';
import { LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';
import { carefulPolicy } from './built-in/careful.ts';
import { defaultPolicy } from './built-in/default.ts';
import { sandboxedPolicy } from './built-in/sandboxed.ts';
import { strictPolicy } from './built-in/strict.ts';
import { flatten } from './flatten.ts';
import { matchPathRule } from './match-rule.ts';
import {
  type BuiltInName,
  builtInNames,
  type Policy,
  type PolicyFileInput,
  PolicyFileSchema,
} from './schema.ts';

const files: Readonly<Record<BuiltInName, PolicyFileInput>> = {
  default: defaultPolicy,
  careful: carefulPolicy,
  strict: strictPolicy,
  sandboxed: sandboxedPolicy,
};

const loaded = new Map<string, Policy>();

/** The names that need no file. */
export const policyNames: readonly BuiltInName[] = builtInNames;

/** Whether a name is a built-in policy's. */
export function isBuiltIn(name: string): name is BuiltInName {
  return (policyNames as readonly string[]).includes(name);
}

/** The built-in policy of a name. Throws `policy.not_found` for any other. */
export function builtInPolicy(name: string): Policy {
  if (!isBuiltIn(name)) {
    throw new LonghaulError(
      'policy.not_found',
      `There is no built-in policy "${name}". Built-in are ${policyNames.join(', ')}; anything else is the path of a YAML file.`,
      { details: { policy: name } },
    );
  }
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const file = PolicyFileSchema.parse(files[name]);
  const policy = flatten(file, file.extends === undefined ? null : builtInPolicy(file.extends));
  loaded.set(name, policy);
  return policy;
}

/** The digest that decisions name a policy by: of its canonical JSON with everything that it extends. */
export function policyDigest(policy: Policy): Digest {
  return digestOf(canonicalBytes(policy));
}

/** A policy made stricter by another that is not trusted: that one's rules that ask and deny are added, and nothing of it allows, lends or accepts anything. */
export function tighten(policy: Policy, extra: Policy): Policy {
  return {
    ...policy,
    rules: [...policy.rules, ...extra.rules.filter((rule) => rule.effect !== 'allow')],
    approvals: {
      acceptSignals: policy.approvals.acceptSignals && extra.approvals.acceptSignals,
      timeoutHours: policy.approvals.timeoutHours,
    },
  };
}

/** Whether a path is one that the policy asks about or denies to change. */
export function protectedPaths(policy: Policy): (path: string) => boolean {
  const rules = policy.rules.filter((rule) => rule.type === 'path').filter((rule) => rule.effect !== 'allow');
  return (path) => rules.some((rule) => matchPathRule(rule, path));
}
