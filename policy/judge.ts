import type { ActionBody } from '../contracts/action.ts';
import type { StandingRule } from '../contracts/decision.ts';
import { type Finding, finding, noRule, ofRule, stands } from './finding.ts';
import { hardDenial } from './hard-denials.ts';
import { hasHiddenCharacters } from './hidden-characters.ts';
import { judgeShell } from './judge-shell.ts';
import { matchPathRule } from './match-rule.ts';
import { insidePath } from './paths.ts';
import type { KindRule, PathRule, Policy } from './schema.ts';
import { coversPatch } from './standing.ts';

export interface JudgeInput {
  readonly policy: Policy;
  readonly body: ActionBody;
  /** The paths that a patch names, in all its parts; null when it is no patch or cannot be read. */
  readonly patchPaths: readonly string[] | null;
  readonly standing: readonly StandingRule[];
}

/** Every finding about an action, at least one; the strictest decides. May throw on input that is not of its type. */
export function judge(input: JudgeInput): readonly Finding[] {
  const { body, policy } = input;
  const denied = hardDenial(body, input.patchPaths);
  if (denied !== null) return [{ subject: body.kind, outcome: 'deny', standable: null, ...denied }];
  switch (body.kind) {
    case 'update_plan':
      return [finding(body.kind, 'allow', 'builtin/no-effect', 'A plan changes nothing outside the task.')];
    case 'shell':
      return judgeShell(policy, body, input.standing);
    case 'apply_patch':
      return judgePatch(input, body.patch, input.patchPaths ?? []);
    case 'ask_human':
      return (
        judgeKind(policy, body) ?? [
          finding(body.kind, 'allow', 'builtin/no-effect', 'The question itself goes to a person.'),
        ]
      );
    case 'deliver':
      return judgeKind(policy, body) ?? [noRule(body.kind)];
    case 'invalid':
      return [finding(body.kind, 'deny', 'builtin/invalid', body.reason)];
    default:
      throw new TypeError('judge: expected an action of a known kind');
  }
}

function judgePatch(input: JudgeInput, patch: string, paths: readonly string[]): readonly Finding[] {
  const { policy } = input;
  const deleted = patch.split('\n').filter((line) => line.startsWith('*** Delete File:')).length;
  const kinds = policy.rules.filter(
    (rule) => rule.type === 'kind' && rule.kind === 'apply_patch',
  ) as KindRule[];
  const matching = kinds.filter((rule) => rule.deletesOver === null || deleted > rule.deletesOver);
  const rules = policy.rules.filter((rule) => rule.type === 'path');
  const found = paths.flatMap((path) => judgePath(rules, matching, path));
  const strict = matching
    .filter((rule) => rule.effect !== 'allow')
    .map((rule) => ofRule('apply_patch', rule));
  const all = [...strict, ...found];
  const covered = coversPatch(input.standing, paths);
  if (covered === null || all.some((one) => one.outcome === 'deny'))
    return all.map((one) => standable(one, paths));
  return all.map((one) => (one.outcome === 'ask' ? stands(one, covered) : one));
}

function judgePath(rules: readonly PathRule[], kinds: readonly KindRule[], path: string): readonly Finding[] {
  const normal = insidePath(path) ?? path;
  const hidden = hasHiddenCharacters(path.replaceAll('\n', '\0'));
  const found = rules.filter((rule) => matchPathRule(rule, normal)).map((rule) => ofRule(normal, rule));
  const allowed = kinds.filter((rule) => rule.effect === 'allow').map((rule) => ofRule(normal, rule));
  if (hidden)
    found.push(
      finding(normal, 'ask', 'builtin/hidden-characters', 'The path holds characters that cannot be seen.'),
    );
  const all = [...found, ...allowed];
  return all.length > 0 ? all : [noRule(normal)];
}

function judgeKind(
  policy: Policy,
  body: Extract<ActionBody, { kind: 'ask_human' | 'deliver' }>,
): readonly Finding[] | null {
  const concerned = body.kind === 'deliver' && body.concerns.length > 0;
  const found = policy.rules
    .filter((rule) => rule.type === 'kind')
    .filter((rule) => rule.kind === body.kind && !(rule.concerns === 'none' && concerned))
    .map((rule) => ofRule(body.kind, rule));
  return found.length > 0 ? found : null;
}

function standable(one: Finding, paths: readonly string[]): Finding {
  if (one.outcome !== 'ask' || paths.length > 50) return one;
  return { ...one, standable: { kind: 'apply_patch', paths: [...paths] } };
}
