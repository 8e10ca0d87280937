import type { PolicyProblem } from './flatten.ts';
import { matchPathRule, matchShellRule } from './match-rule.ts';
import { parseCommand } from './parse-command.ts';
import type { Policy, PolicyFile, Rule } from './schema.ts';

const effects = ['allow', 'ask', 'deny'] as const;

/** Every example of a file's rules that the rule itself does not keep. */
export function failingExamples(file: PolicyFile, policy: Policy): readonly PolicyProblem[] {
  return effects.flatMap((effect) =>
    file[effect].flatMap((rule, index) => {
      const id = `${file.name}/${rule.id ?? `${effect}-${index + 1}`}`;
      const compiled = policy.rules.find((one) => one.id === id);
      if (compiled === undefined || !('match' in rule)) return [];
      return [
        ...wrong(compiled, rule.match, [effect, index, 'match'], true),
        ...wrong(compiled, rule.notMatch, [effect, index, 'notMatch'], false),
      ];
    }),
  );
}

function wrong(
  rule: Rule,
  examples: readonly string[],
  path: readonly (string | number)[],
  wanted: boolean,
): readonly PolicyProblem[] {
  return examples.flatMap((example, index) => {
    if (matches(rule, example) === wanted) return [];
    const message = wanted
      ? `expected an example that rule ${rule.id} matches, found "${example}", which it does not match`
      : `expected an example that rule ${rule.id} does not match, found "${example}", which it matches`;
    return [{ path: [...path, index], message }];
  });
}

function matches(rule: Rule, example: string): boolean {
  if (rule.type === 'path') return matchPathRule(rule, example);
  if (rule.type !== 'shell') return false;
  const parsed = parseCommand(['bash', '-c', example]);
  if (parsed.status === 'unparseable') return false;
  const found = parsed.commands.map((command) => matchShellRule(rule, command));
  if (rule.effect !== 'allow') return found.some((one) => one !== 'no');
  const own = found.filter((_, index) => parsed.commands[index]?.wrapped === false);
  return own.length > 0 && own.every((one) => one === 'yes');
}
