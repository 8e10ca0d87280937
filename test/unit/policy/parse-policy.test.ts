import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../contracts/error.ts';
import { builtInPolicy, policyDigest, protectedPaths, tighten } from '../../../policy/load.ts';
import { parsePolicy } from '../../../policy/parse-policy.ts';
import { resolvePolicy } from '../../../policy/resolve-policy.ts';
import { decideBy, shell } from './helpers.ts';

const head = 'version: 1\nname: team\n';

function failure(text: string): string {
  try {
    parsePolicy(text, 'team.yaml');
  } catch (error) {
    expect(errorCode(error)).toBe('policy.invalid');
    return error instanceof Error ? error.message : '';
  }
  return 'no error';
}

describe('a file that is wrong says where, what was expected and what was found', () => {
  it.each([
    ['no YAML', `${head}allow: [`, 'team.yaml:3:'],
    [
      'an unknown key',
      `${head}alow: []\n`,
      'team.yaml:3:7: the policy: expected only known keys, found "alow"',
    ],
    [
      'an unknown key of a rule',
      `${head}allow:\n  - shell: [ls]\n    because: x\n`,
      'team.yaml:5:14: allow.0: expected only known keys, found "because"',
    ],
    [
      'a wrong type',
      `${head}allow:\n  - shell: ls\n`,
      'team.yaml:4:12: allow.0.shell: expected array, found "ls"',
    ],
    ['two kinds of rule', `${head}ask:\n  - { shell: [ls], path: x }\n`, 'found shell and path'],
    [
      'no kind of rule',
      `${head}ask:\n  - { reason: x }\n`,
      'expected a rule with exactly one of "shell", "path" and "kind", found reason',
    ],
    [
      'a version that is not known',
      'version: 2\nname: team\n',
      'team.yaml:1:10: version: expected 1, found 2',
    ],
    ['no name', 'version: 1\n', 'name: expected string, found nothing'],
    ["a built-in policy's name", 'version: 1\nname: careful\n', 'team.yaml:2:7: expected a name of its own'],
    ['a base that is not built in', `${head}extends: other\n`, 'team.yaml:3:10'],
    [
      'an expression that is none',
      `${head}allow:\n  - { shell: [ls], only: { rest: "re:(" } }\n`,
      'expected text, number, path, write or re:',
    ],
    [
      'an example that does not match',
      `${head}ask:\n  - { id: a, shell: [git, push], match: [git pull] }\n`,
      'team.yaml:4:42: expected an example that rule team/a matches, found "git pull"',
    ],
    [
      'an example that matches',
      `${head}ask:\n  - { shell: [git, push], notMatch: [git -C x push] }\n`,
      'does not match, found "git -C x push"',
    ],
    [
      'a path example that does not match',
      `${head}ask:\n  - { path: "ci/**", match: [src/a] }\n`,
      'found "src/a"',
    ],
    [
      'the same id twice',
      `${head}ask:\n  - { id: a, shell: [a] }\ndeny:\n  - { id: a, shell: [b] }\n`,
      'found team/a again',
    ],
    [
      'a rule left out that is not there',
      `${head}extends: default\nwithout: [nothing]\n`,
      'expected the id of a rule of default, found "nothing"',
    ],
    ['aliases without end', `${head}allow: [&a {shell: [x]}${', *a'.repeat(100)}]\n`, 'aliases'],
    ['a list', '- a\n', 'team.yaml:1:1'],
    ['nothing', '', 'team.yaml:1:1'],
    ['a host that is none', `${head}setup: { hosts: ["http://x"] }\n`, 'expected a host name'],
  ])('%s', (_, text, expected) => {
    expect(failure(text)).toContain(expected);
  });
});

describe('a policy', () => {
  it('that extends one has its rules, without those that it leaves out', () => {
    const team = parsePolicy(
      `${head}extends: default\nwithout: [git-remote]\ndeny:\n  - { id: no-gh, shell: [gh] }\n`,
      'team.yaml',
    );
    expect(decideBy(team, shell('git push')).outcome).toBe('allow');
    expect(decideBy(team, shell('gh pr create')).ruleId).toBe('team/no-gh');
    expect(decideBy(team, shell('npm install x')).ruleId).toBe('default/javascript-packages');
    expect(team.approvals.acceptSignals).toBe(true);
  });

  it('has the same digest for the same content, and another for any other', () => {
    const one = parsePolicy(`${head}ask: [{ shell: [a] }]\n`, 'a.yaml');
    const same = parsePolicy(`# a comment\nname: team\nversion: 1\nask:\n  - shell:\n      - a\n`, 'b.yaml');
    const other = parsePolicy(`${head}ask: [{ shell: [b] }]\n`, 'a.yaml');
    expect(policyDigest(same)).toBe(policyDigest(one));
    expect(policyDigest(other)).not.toBe(policyDigest(one));
  });

  it('is found by name, or read from its text', () => {
    expect(resolvePolicy('careful', null)).toBe(builtInPolicy('careful'));
    expect(resolvePolicy('team.yaml', head).name).toBe('team');
    expect(() => resolvePolicy('nothing', null)).toThrow(
      /no built-in policy "nothing".*default, careful, strict, sandboxed/,
    );
  });

  it('is only made stricter by one that is not trusted', () => {
    const loose = parsePolicy(
      `${head}allow: [{ kind: shell }, { kind: deliver }]\nask: [{ id: make, shell: [make] }]\nsetup: { hosts: [evil.example.org] }\n`,
      'x.yaml',
    );
    const strict = tighten(builtInPolicy('careful'), loose);
    expect(decideBy(strict, shell('node x.js')).outcome).toBe('ask');
    expect(decideBy(strict, shell('make')).ruleId).toBe('team/make');
    expect(strict.setup.hosts).toEqual([]);
    expect(strict.approvals.acceptSignals).toBe(false);
  });

  it('says which paths it protects', () => {
    const isProtected = protectedPaths(builtInPolicy('default'));
    expect(['.github/workflows/a.yml', 'a/package-lock.json', 'src/a.ts'].map(isProtected)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

it('the example of the manual is a policy that does what the manual says', () => {
  const manual = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');
  const example = /```yaml\n(version: 1[\s\S]*?)```/.exec(manual)?.[1] ?? '';
  const policy = parsePolicy(example, 'example.yaml');
  expect(decideBy(policy, shell('npm run build')).outcome).toBe('allow');
  expect(decideBy(policy, shell('terraform plan')).outcome).toBe('allow');
  expect(decideBy(policy, shell('terraform apply -auto-approve')).outcome).toBe('deny');
  expect(policy.setup.hosts).toContain('packages.example.com');
});
