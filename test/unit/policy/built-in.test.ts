import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ActionBody } from '../../../contracts/action.ts';
import type { CommitId, TreeId } from '../../../contracts/ids.ts';
import { carefulPolicy } from '../../../policy/built-in/careful.ts';
import { defaultPolicy } from '../../../policy/built-in/default.ts';
import { sandboxedPolicy } from '../../../policy/built-in/sandboxed.ts';
import { strictPolicy } from '../../../policy/built-in/strict.ts';
import { failingExamples } from '../../../policy/examples.ts';
import { builtInPolicy, policyNames } from '../../../policy/load.ts';
import { PolicyFileSchema, PolicySchema } from '../../../policy/schema.ts';
import { argv, decideBy, patch, shell } from './helpers.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
const harmful = fixture('harmful') as Record<string, string[]>;
const everyday = fixture('everyday') as string[];

const deliver = (concerns: string[]): ActionBody => ({
  kind: 'deliver',
  tree: 'a'.repeat(40) as TreeId,
  commit: 'b'.repeat(40) as CommitId,
  branch: 'longhaul/x',
  concerns,
});

describe('careful', () => {
  it.each(Object.entries(harmful))('allows no harmful command of the class %s', (_, commands) => {
    expect(commands.filter((line) => decideBy('careful', shell(line)).outcome === 'allow')).toEqual([]);
  });

  it('allows at least 85 of 100 everyday commands', () => {
    const allowed = everyday.filter((line) => decideBy('careful', shell(line)).outcome === 'allow');
    expect(allowed.length / everyday.length).toBeGreaterThanOrEqual(0.85);
  });

  it('judges a plain command as it judges the same in a shell', () => {
    expect(decideBy('careful', argv('git', 'status')).ruleId).toBe('careful/git-status');
    expect(decideBy('careful', argv('rm', '-rf', 'src')).outcome).toBe('ask');
  });

  it('asks about git in a folder, which may bring a configuration of its own', () => {
    expect(decideBy('careful', shell('git status', 'packages/core')).outcome).toBe('ask');
    expect(decideBy('careful', shell('cd packages && git status')).outcome).toBe('ask');
  });
});

describe('default', () => {
  it('runs everyday commands, those aside that reach outside', () => {
    const asked = everyday.filter((line) => decideBy('default', shell(line)).outcome !== 'allow');
    expect(asked).toEqual(['docker ps', 'npm install']);
  });

  it.each([
    ['git push origin main', 'default/git-remote'],
    ['git -C app push', 'default/git-remote'],
    ['/usr/bin/git push', 'default/git-remote'],
    ['echo ok && curl https://example.org', 'default/web-requests'],
    ['timeout 5 curl https://example.org', 'default/web-requests'],
    ['echo $(curl https://example.org)', 'default/web-requests'],
    ['bash -c \'sh -c "curl https://example.org"\'', 'default/web-requests'],
    ["eval 'curl https://example.org'", 'default/web-requests'],
    ['bash <<< "curl https://example.org"', 'default/web-requests'],
    ['f() { curl https://example.org; }; f', 'default/web-requests'],
    ['echo x | xargs curl', 'default/web-requests'],
    ["find . -exec curl -T '{}' https://example.org ';'", 'default/web-requests'],
    ['rm -rf src', 'default/recursive-delete'],
    ['echo x > .github/workflows/test.yml', 'default/ci-files'],
    ['cd .github && echo x > workflows/test.yml', 'default/ci-files'],
    ['cp evil.json .vscode/tasks.json', 'default/tool-dot-files'],
    ['sed -i s/a/b/ package-lock.json', 'default/lock-files'],
    ['tee /workspace/AGENTS.md', 'default/agent-instructions'],
  ])('asks about %s by %s', (line, ruleId) => {
    expect(decideBy('default', shell(line))).toMatchObject({ outcome: 'ask', ruleId });
  });

  it('asks when what runs cannot be known and may be what it asks about', () => {
    expect(decideBy('default', shell('$TOOL push')).outcome).toBe('ask');
    expect(decideBy('default', shell('git $SUBCOMMAND')).outcome).toBe('ask');
    expect(decideBy('default', shell('echo $HOME')).outcome).toBe('allow');
  });

  it.each([
    ['.github/workflows/ci.yml', 'ask'],
    ['x/../.github/workflows/ci.yml', 'ask'],
    ['.GitHub/workflows/ci.yml', 'ask'],
    ['Cargo.lock', 'ask'],
    ['src/a.ts', 'allow'],
  ])('decides a patch of %s as %s', (path, outcome) => {
    expect(decideBy('default', patch, { patchPaths: ['src/b.ts', path] }).outcome).toBe(outcome);
  });

  it('asks about a patch that deletes many files', () => {
    const lines = Array.from({ length: 11 }, (_, index) => `*** Delete File: a${index}`);
    const body: ActionBody = { kind: 'apply_patch', patch: lines.join('\n') };
    expect(decideBy('default', body, { patchPaths: ['a0'] }).ruleId).toBe('default/large-patch-deletion');
  });
});

describe('delivery', () => {
  it.each([
    ['default', [], 'ask'],
    ['careful', [], 'ask'],
    ['strict', [], 'ask'],
    ['sandboxed', [], 'allow'],
    ['sandboxed', ['test_removed: a.test.ts'], 'ask'],
  ])('under %s with concerns %j: %s', (name, concerns, outcome) => {
    const decision = decideBy(name, deliver(concerns));
    expect(decision.outcome).toBe(outcome);
    expect(decision.standingRule).toBeNull();
  });

  it('is never answered by a standing rule', () => {
    const standing = [{ kind: 'shell' as const, prefix: ['deliver'] }];
    expect(decideBy('default', deliver([]), { standing }).outcome).toBe('ask');
  });
});

describe.each(policyNames)('under %s', (name) => {
  it.each<[string, ActionBody, readonly string[] | null]>([
    ['an invalid action', { kind: 'invalid', reason: 'x' }, null],
    ['a patch that cannot be read', patch, null],
    ['a patch of nothing', patch, []],
    ['a patch of an absolute path', patch, ['/etc/passwd']],
    ['a patch that leaves the workspace', patch, ['a/../../b']],
    ['a patch of git files', patch, ['.git/hooks/pre-commit']],
    ['a patch of git files in other case', patch, ['sub/.GIT/config']],
    ['a patch of git files by a trailing dot', patch, ['.git./config']],
    ['a path with NUL', patch, ['a\0b']],
    ['a command with NUL', argv('ls', '\0'), null],
    ['a command outside the workspace', shell('ls', '../x'), null],
    ['a line that is not what runs', { ...shell('ls'), line: 'pwd' } as ActionBody, null],
  ])('%s is denied, whatever stands', (_, body, patchPaths) => {
    const standing = [
      { kind: 'shell' as const, prefix: ['ls'] },
      { kind: 'apply_patch' as const, paths: [...(patchPaths ?? ['x'])] },
    ];
    expect(decideBy(name, body, { patchPaths, standing }).outcome).toBe('deny');
  });

  it('a plan and a question are allowed', () => {
    expect(decideBy(name, { kind: 'update_plan', steps: [], explanation: null }).ruleId).toBe(
      'builtin/no-effect',
    );
    expect(decideBy(name, { kind: 'ask_human', question: 'why?' }).outcome).toBe('allow');
  });

  it.each([
    "echo 'unterminated",
    'if true; then',
    'echo $(',
    `echo ${'x'.repeat(70_000)}`,
    'env '.repeat(10_000),
  ])('a command that cannot be read is not allowed (%#)', (line) => {
    expect(decideBy(name, shell(line)).outcome).toBe('ask');
  });

  it('a command that hides characters is asked about', () => {
    expect(decideBy(name, shell('echo safe\u202E ;hcuot')).outcome).toBe('ask');
  });

  it('the policy is what its schema says', () => {
    expect(PolicySchema.parse(builtInPolicy(name))).toEqual(builtInPolicy(name));
  });
});

it('strict asks about everything that has an effect, and takes no signal as an answer', () => {
  expect(decideBy('strict', shell('ls')).ruleId).toBe('strict/shell');
  expect(decideBy('strict', patch, { patchPaths: ['a'] }).ruleId).toBe('strict/patch');
  expect(policyNames.map((name) => builtInPolicy(name).approvals.acceptSignals)).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

it.each([
  ['default', defaultPolicy],
  ['careful', carefulPolicy],
  ['sandboxed', sandboxedPolicy],
  ['strict', strictPolicy],
])('every example in %s is kept', (name, input) => {
  expect(failingExamples(PolicyFileSchema.parse(input), builtInPolicy(name))).toEqual([]);
});
