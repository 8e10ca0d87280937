import type { Policy, PolicyFile, Rule } from './schema.ts';

/** A thing wrong with a policy, and where in its file. */
export interface PolicyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const effects = ['deny', 'ask', 'allow'] as const;

/** A policy file and the policy it extends as one; the base's rules keep their ids. */
export function flatten(file: PolicyFile, base: Policy | null): Policy {
  const dropped = new Set(file.without.map((id) => `${base?.name ?? ''}/${id}`));
  const own = effects.flatMap((effect) =>
    file[effect].map((rule, index) => toRule(file.name, effect, rule, index)),
  );
  const inherited = (base?.rules ?? []).filter((rule) => !dropped.has(rule.id));
  return {
    version: 1,
    name: file.name,
    rules: [...own, ...inherited],
    setup: { hosts: [...new Set([...(base?.setup.hosts ?? []), ...file.setup.hosts])] },
    approvals: {
      acceptSignals: file.approvals.acceptSignals ?? base?.approvals.acceptSignals ?? false,
      timeoutHours: file.approvals.timeoutHours ?? base?.approvals.timeoutHours ?? null,
    },
  };
}

/** What is wrong across rules: an id that is there twice, a rule left out that is not there. */
export function problemsAcross(file: PolicyFile, base: Policy | null): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const seen = new Set<string>();
  for (const effect of effects) {
    for (const [index, rule] of file[effect].entries()) {
      const { id } = toRule(file.name, effect, rule, index);
      if (seen.has(id))
        problems.push({
          path: [effect, index, 'id'],
          message: `expected ids that differ, found ${id} again`,
        });
      seen.add(id);
    }
  }
  for (const [index, id] of file.without.entries()) {
    if (base?.rules.some((rule) => rule.id === `${base.name}/${id}`) === true) continue;
    const of = base === null ? 'a policy named by "extends"' : base.name;
    problems.push({ path: ['without', index], message: `expected the id of a rule of ${of}, found "${id}"` });
  }
  return problems;
}

function toRule(
  name: string,
  effect: Rule['effect'],
  rule: PolicyFile['allow'][number],
  index: number,
): Rule {
  const decided = {
    id: `${name}/${rule.id ?? `${effect}-${index + 1}`}`,
    effect,
    reason: rule.reason ?? null,
  };
  if ('shell' in rule) {
    const { shell, having, lacking, only, unless, atRoot } = rule;
    return { type: 'shell', shell, having, lacking, only, unless, atRoot, ...decided };
  }
  if ('path' in rule) return { type: 'path', path: rule.path, ...decided };
  return {
    type: 'kind',
    kind: rule.kind,
    concerns: rule.concerns,
    deletesOver: rule.deletesOver,
    ...decided,
  };
}
