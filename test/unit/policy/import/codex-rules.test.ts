import { expect, it } from 'vitest';
import { importCodexRules } from '../../../../policy/import/codex-rules.ts';
import { parsePolicy } from '../../../../policy/parse-policy.ts';
import { decideBy, shell } from '../helpers.ts';

const source = String.raw`
# What the team agreed on.
prefix_rule(
    pattern = ["git", ["status", "log"]],  # only reads
    match = ["git status", ["git", "log", "--format=%s it's"]],
    not_match = ["git push"],
)
prefix_rule(pattern=['cargo', 'publish'], decision="prompt", justification = """Ask
the release team.""")
prefix_rule(
    pattern = ["rm", "-rf"],
    decision = "forbidden",
    justification = 'Use \'git clean\' instead.',
    not_match = ["env rm -rf build"],
)
host_executable(name = "git", paths = ["/usr/bin/git"])
`;

const imported = importCodexRules(source, 'default.rules', 'team');
const policy = parsePolicy(imported.yaml, 'team.yaml');

it.each([
  ['git status --short', 'allow', 'team/allow-1'],
  ['cargo publish --dry-run', 'ask', 'team/ask-1'],
  ['git log && rm -rf build', 'deny', 'team/deny-1'],
  ['/bin/rm -rf build', 'deny', 'team/deny-1'],
  ['cargo build', 'ask', 'builtin/no-rule'],
])('a policy of Codex rules says of "%s": %s', (command, outcome, ruleId) => {
  expect(decideBy(policy, shell(command))).toMatchObject({ outcome, ruleId });
});

it('reasons stay, and examples that hold here too', () => {
  const [deny, ask, allow] = policy.rules;
  expect([deny?.reason, ask?.reason, allow?.reason]).toEqual([
    "Use 'git clean' instead.",
    'Ask\nthe release team.',
    null,
  ]);
  expect(imported.yaml).toContain(`git log '--format=%s it'\\''s'`);
});

it('what could not be taken over is named', () => {
  expect(imported.notes).toEqual([
    'Line 16: host_executable was left out: rules that ask and deny count for a program at any path here, and rules that allow for none.',
    'An example was left out: expected an example that rule team/deny-1 does not match, found "env rm -rf build", which it matches.',
  ]);
});

it.each([
  ['a variable', 'words = ["git"]\nprefix_rule(pattern = words)', '1:7: expected (, found ='],
  ['a sum', 'prefix_rule(pattern = ["a"] + ["b"])', '1:29: found + ["b"])'],
  ['an f-string', 'prefix_rule(pattern = [f"{x}"])', '1:24: found f"{x}"])'],
  ['a loop', '[prefix_rule(pattern = [x]) for x in ["a"]]', '1:1: expected a name, found ['],
  ['a text without an end', 'prefix_rule(pattern = ["git])', '1:24: found "git])'],
  [
    'a call without an end',
    'prefix_rule(\n  pattern = ["git"],\n',
    '3:1: expected a name, found the end of the file',
  ],
  ['an argument that there is not', '\nprefix_rule(pattern = ["git"], decide = "allow")', ':2: prefix_rule'],
  [
    'an argument twice',
    'prefix_rule(pattern = ["a"], pattern = ["b"])',
    '1:1: prefix_rule is given an argument twice',
  ],
  [
    'a decision that there is not',
    'prefix_rule(pattern = ["a"], decision = "ask")',
    'prefix_rule.decision: ',
  ],
  ['an empty pattern', 'prefix_rule(pattern = [])', 'prefix_rule.pattern: '],
  ['an empty alternative', 'prefix_rule(pattern = [["a"], []])', 'prefix_rule.pattern.1: '],
])('refuses %s and says where it is', (_, text, found) => {
  expect(() => importCodexRules(text, 'default.rules', 'team')).toThrow(found);
});
