import type { ActionBody } from '../contracts/action.ts';
import type { StandingRule } from '../contracts/decision.ts';
import { harmlessAssignment } from './environment-names.ts';
import { type Finding, finding, noRule, ofRule, stands } from './finding.ts';
import { hasHiddenCharacters } from './hidden-characters.ts';
import { matchPathRule, matchPathRuleAnywhere, matchShellRule } from './match-rule.ts';
import { type ParsedCommand, parseCommand, type SimpleCommand } from './parse-command.ts';
import { isPlainPath } from './paths.ts';
import type { PathRule, Policy, Rule, ShellRule } from './schema.ts';
import { coversCommand, proposePrefix } from './standing.ts';
import { isDevice, type WrittenPath, writtenPaths } from './written-paths.ts';

type Shell = Extract<ActionBody, { kind: 'shell' }>;
type Parsed = Extract<ParsedCommand, { status: 'parsed' }>;

/** The findings about a command line: about the whole, about each command in it, and about each path that it is seen to write. */
export function judgeShell(
  policy: Policy,
  body: Shell,
  standing: readonly StandingRule[],
): readonly Finding[] {
  const subject = body.line ?? body.argv.join(' ');
  const parsed = parseCommand(body.argv, body.cwd === '' ? '.' : body.cwd);
  if (parsed.status === 'unparseable') return [unparseable(policy, subject, parsed.reason)];
  const whole = wholeFindings(policy, body, parsed, subject);
  const byCommand = parsed.commands.map((command) => commandFindings(policy, command));
  const known = whole.every((one) => one.outcome === 'allow');
  const answered = byCommand.map((found, index) => {
    const command = parsed.commands[index];
    return command === undefined || !known ? found : withStanding(found, command, standing);
  });
  const all = [...whole, ...answered.flat()];
  return all.length > 0 ? all : [noRule(subject)];
}

/** Deny rules must not be passed by a text that nobody can read: with any of them about commands, it is denied. */
function unparseable(policy: Policy, subject: string, why: string): Finding {
  const denies = policy.rules.some((rule) => rule.type === 'shell' && rule.effect === 'deny');
  return finding(
    subject,
    denies ? 'deny' : 'ask',
    'builtin/unparseable',
    `The command cannot be read: ${why}.`,
  );
}

function wholeFindings(policy: Policy, body: Shell, parsed: Parsed, subject: string): readonly Finding[] {
  const found = policy.rules
    .filter((rule) => rule.type === 'kind' && rule.kind === 'shell' && rule.effect !== 'allow')
    .map((rule) => ofRule(subject, rule));
  if (body.argv.some((word) => hasHiddenCharacters(word))) {
    found.push(
      finding(
        subject,
        'ask',
        'builtin/hidden-characters',
        'What it shows is not what it is: it holds characters that cannot be seen.',
      ),
    );
  }
  if (parsed.features.length > 0 && !allowsAnyCommand(policy)) {
    const named = parsed.features.join(', ');
    found.push(
      finding(
        subject,
        'ask',
        'builtin/not-understood',
        `Rules over words cannot tell what it does: ${named}.`,
      ),
    );
  }
  return found;
}

function commandFindings(policy: Policy, command: SimpleCommand): readonly Finding[] {
  const subject = command.words.map((word) => word.text).join(' ');
  const strict = policy.rules.flatMap((rule) => strictFinding(rule, command, subject));
  const paths = writtenPaths(command).flatMap((path) => pathFindings(policy, path));
  if (command.wrapped) return [...strict, ...paths];
  return [...strict, ...paths, allowFinding(policy, command, subject)];
}

function strictFinding(rule: Rule, command: SimpleCommand, subject: string): readonly Finding[] {
  if (rule.type !== 'shell' || rule.effect === 'allow' || command.words.length === 0) return [];
  const match = matchShellRule(rule, command);
  if (match === 'no') return [];
  return [match === 'yes' ? ofRule(subject, rule) : mayBe(subject, rule)];
}

function mayBe(subject: string, rule: ShellRule | PathRule): Finding {
  const verb = rule.effect === 'deny' ? 'denies' : 'asks about';
  return finding(
    subject,
    'ask',
    rule.id,
    `What it becomes when it runs cannot be known, and may be what ${rule.id} ${verb}.`,
  );
}

function pathFindings(policy: Policy, written: WrittenPath): readonly Finding[] {
  const rules = policy.rules.filter((rule) => rule.type === 'path').filter((rule) => rule.effect !== 'allow');
  const { path } = written;
  if (path === null) return rules.slice(0, 1).map((rule) => mayBe('a path that is not known', rule));
  const matches = written.inside ? matchPathRule : matchPathRuleAnywhere;
  return rules.filter((rule) => matches(rule, path)).map((rule) => ofRule(path, rule));
}

function allowFinding(policy: Policy, command: SimpleCommand, subject: string): Finding {
  const any = policy.rules.find(
    (rule) => rule.type === 'kind' && rule.kind === 'shell' && rule.effect === 'allow',
  );
  if (any !== undefined) return ofRule(subject, any);
  const surroundings = surroundingsFinding(command, subject);
  if (surroundings !== null) return surroundings;
  if (command.words.length === 0)
    return finding(subject, 'allow', 'builtin/no-command', 'It sets a plain variable or opens a plain file.');
  const rule = policy.rules.find(
    (one) => one.type === 'shell' && one.effect === 'allow' && matchShellRule(one, command) === 'yes',
  );
  return rule === undefined ? noRule(subject) : ofRule(subject, rule);
}

/** What is around a command's words and that no prefix covers: variables that steer programs, files that are opened. */
function surroundingsFinding(command: SimpleCommand, subject: string): Finding | null {
  const steering = command.assignments.find(
    (one) => one.value.certainty !== 'literal' || !harmlessAssignment(one.name, one.value.text),
  );
  if (steering !== undefined) {
    return finding(
      subject,
      'ask',
      'builtin/variable',
      `The variable ${steering.name.slice(0, 100)} may change what programs do.`,
    );
  }
  const opened = command.files.find(
    (file) =>
      !isDevice(file.target) &&
      !(file.mode === 'read' && file.target.certainty === 'literal' && isPlainPath(file.target.text)),
  );
  return opened === undefined
    ? null
    : finding(subject, 'ask', 'builtin/redirection', 'It opens a file by a redirection.');
}

function allowsAnyCommand(policy: Policy): boolean {
  return policy.rules.some(
    (rule) => rule.type === 'kind' && rule.kind === 'shell' && rule.effect === 'allow',
  );
}

function withStanding(
  found: readonly Finding[],
  command: SimpleCommand,
  standing: readonly StandingRule[],
): readonly Finding[] {
  const index = coversCommand(standing, command);
  const prefix = proposePrefix(command);
  return found.map((one) => {
    if (one.outcome !== 'ask') return one;
    if (index !== null) return stands(one, index);
    return prefix === null ? one : { ...one, standable: { kind: 'shell' as const, prefix } };
  });
}
