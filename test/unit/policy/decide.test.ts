import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionBody } from '../../../contracts/action.ts';
import { DecisionSchema } from '../../../contracts/decision.ts';
import { decide, explain } from '../../../policy/decide.ts';
import { builtInPolicy, policyDigest, policyNames } from '../../../policy/load.ts';
import { parsePolicy } from '../../../policy/parse-policy.ts';
import { argv, decideBy, patch, shell } from './helpers.ts';

const mine = parsePolicy(
  `
version: 1
name: mine
allow:
  - { id: list, shell: [ls] }
  - { id: wrapper, shell: [env] }
  - { id: git, shell: [git, [status, diff]] }
  - { id: docs, path: docs/** }
ask:
  - { id: secret-diff, shell: [git, diff], having: [--text] }
deny:
  - { id: terraform, shell: [terraform], reason: Not from here. }
  - { id: billing, path: billing/** }
`,
  'mine.yaml',
);

describe('rules', () => {
  it.each([
    ['ls -la', 'allow', 'mine/list'],
    ['git status && ls', 'allow', 'mine/git'],
    ['git diff --text', 'ask', 'mine/secret-diff'],
    ['ls; make', 'ask', 'builtin/no-rule'],
    ['ls; terraform apply', 'deny', 'mine/terraform'],
    ['(ls || /usr/bin/terraform apply) | cat', 'deny', 'mine/terraform'],
    ['timeout 5 env X=1 terraform apply', 'deny', 'mine/terraform'],
    ["xargs -I% sh -c 'terraform %'", 'deny', 'mine/terraform'],
    ['ls $(terraform output)', 'deny', 'mine/terraform'],
    ["find . -exec terraform '{}' ';'", 'deny', 'mine/terraform'],
    ['$X apply', 'ask', 'mine/terraform'],
    ['timeout 5 ls', 'ask', 'builtin/no-rule'],
    ['env ls', 'ask', 'builtin/no-rule'],
    ['ls $X', 'ask', 'builtin/no-rule'],
    ['ls *', 'ask', 'builtin/no-rule'],
    ['ls > x', 'ask', 'builtin/redirection'],
    ['LD_PRELOAD=./x ls', 'ask', 'builtin/variable'],
    ['ls &', 'ask', 'builtin/not-understood'],
    ['echo x > billing/a', 'deny', 'mine/billing'],
    ["ls 'unterminated", 'deny', 'builtin/unparseable'],
  ])('%s is %s by %s: the strictest wins', (line, outcome, ruleId) => {
    expect(decideBy(mine, shell(line))).toMatchObject({ outcome, ruleId });
  });

  it('a patch is allowed when every path is, and denied when one is', () => {
    expect(decideBy(mine, patch, { patchPaths: ['docs/a.md', 'docs/b/c.md'] }).outcome).toBe('allow');
    expect(decideBy(mine, patch, { patchPaths: ['docs/a.md', 'src/a.ts'] }).ruleId).toBe('builtin/no-rule');
    expect(decideBy(mine, patch, { patchPaths: ['docs/a.md', 'Billing/a.ts'] }).outcome).toBe('deny');
  });
});

describe('a standing rule', () => {
  const standing = [{ kind: 'shell' as const, prefix: ['git', 'push', 'origin'] }];

  it.each([
    ['git push origin main', 'allow', 'standing/1'],
    ['npm test && git push origin main', 'allow', 'standing/1'],
    ['git push upstream main', 'ask', 'default/git-remote'],
    ['git push origin main && git push upstream', 'ask', 'default/git-remote'],
    ['git push origin $X', 'ask', 'default/git-remote'],
    ['git push origin main > log.txt', 'ask', 'default/git-remote'],
    ['GIT_SSH_COMMAND=x git push origin main', 'ask', 'default/git-remote'],
    ['timeout 5 git push origin main', 'ask', 'default/git-remote'],
    ['git push origin main\u202E', 'ask', 'builtin/hidden-characters'],
  ])('decides %s as %s by %s', (line, outcome, ruleId) => {
    expect(decideBy('default', shell(line), { standing })).toMatchObject({ outcome, ruleId });
  });

  it('never lifts a deny', () => {
    const terraform = [{ kind: 'shell' as const, prefix: ['terraform'] }];
    expect(decideBy(mine, shell('terraform apply'), { standing: terraform }).outcome).toBe('deny');
    const billing = [{ kind: 'apply_patch' as const, paths: ['billing/a.ts'] }];
    expect(decideBy(mine, patch, { patchPaths: ['billing/a.ts'], standing: billing }).outcome).toBe('deny');
  });

  it('covers a patch only with all of its paths', () => {
    const paths = [{ kind: 'apply_patch' as const, paths: ['package-lock.json', 'a.ts'] }];
    expect(decideBy('default', patch, { patchPaths: ['./package-lock.json'], standing: paths }).ruleId).toBe(
      'standing/1',
    );
    expect(decideBy('default', patch, { patchPaths: ['yarn.lock'], standing: paths }).outcome).toBe('ask');
  });

  it.each<[string, ActionBody, readonly string[] | null, unknown]>([
    [
      'the program and its sub-commands',
      shell('git push origin main'),
      null,
      { kind: 'shell', prefix: ['git', 'push', 'origin'] },
    ],
    [
      'one command of a line',
      shell('npm test && npm install left-pad'),
      null,
      { kind: 'shell', prefix: ['npm', 'install', 'left-pad'] },
    ],
    ['nothing for two commands that ask', shell('npm install && git fetch'), null, null],
    ['nothing where operands decide everything', shell('rm -rf src'), null, null],
    ['nothing for a request', shell('curl https://example.org'), null, null],
    ['nothing for a wrapper', shell('sudo ls'), null, null],
    ['nothing for what is not known', shell('git push $X'), null, null],
    [
      'a patch by its paths',
      patch,
      ['yarn.lock', 'a.ts'],
      { kind: 'apply_patch', paths: ['yarn.lock', 'a.ts'] },
    ],
  ])('is proposed as %s', (_, body, patchPaths, expected) => {
    const decision = decideBy('default', body, { patchPaths });
    expect(decision.outcome).toBe('ask');
    expect(decision.standingRule).toEqual(expected);
  });

  it('is not proposed for what is denied or allowed', () => {
    expect(decideBy(mine, shell('terraform apply')).standingRule).toBeNull();
    expect(decideBy(mine, shell('ls')).standingRule).toBeNull();
  });

  it('that was proposed answers the very action it was proposed for', () => {
    for (const line of [
      'git push origin main',
      'npm install left-pad',
      'docker-compose up -d',
      'gh pr create --fill',
    ]) {
      const { standingRule } = decideBy('default', shell(line));
      const after = decideBy('default', shell(line), {
        standing: standingRule === null ? [] : [standingRule],
      });
      expect([line, after.outcome]).toEqual([line, 'allow']);
    }
  });
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        'ls',
        'curl',
        '$(',
        ')',
        '"',
        "'",
        ';',
        '|',
        '>',
        '&',
        '`',
        '\\',
        '{',
        '}',
        '<<E',
        '\n',
        'x',
        '[[',
        ']]',
        'bash -c',
      ),
    )
    .map((words) => words.join(' ')),
);
const bodies: fc.Arbitrary<ActionBody> = fc.oneof(
  text.map((line) => shell(line)),
  fc.array(text, { minLength: 1 }).map((words) => argv(...words)),
  fc.constant(patch),
  fc.anything() as fc.Arbitrary<ActionBody>,
);
const paths = fc.option(fc.array(text), { nil: null });
const anyStanding = fc.array(
  fc.array(text, { minLength: 1 }).map((prefix) => ({ kind: 'shell' as const, prefix })),
);

describe('any input', () => {
  it('gets a decision, never an error, and an explanation', () => {
    fc.assert(
      fc.property(
        bodies,
        paths,
        anyStanding,
        fc.constantFrom(...policyNames),
        (body, patchPaths, standing, name) => {
          const policy = builtInPolicy(name);
          const decision = decide({ policy, policyDigest: policyDigest(policy), body, patchPaths, standing });
          DecisionSchema.parse(decision);
          expect(explain({ policy, body, patchPaths, standing }).length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  const wrapping = fc.constantFrom<(line: string) => string>(
    (line) => `ls; ${line}`,
    (line) => `${line} | cat`,
    (line) => `( ${line} )`,
    (line) => `{ ${line}; }`,
    (line) => `echo $( ${line} )`,
    (line) => `echo "$( ${line} )"`,
    (line) => `if true; then ${line}; fi`,
    (line) => `for x in 1 2; do ${line}; done`,
    (line) => `f() { ${line}; }; f`,
    (line) => `! ${line}`,
    (line) => `X=1 env nohup sh -c '${line.replaceAll("'", `'\\''`)}'`,
    (line) => `bash -c '${line.replaceAll("'", `'\\''`)}'`,
    (line) => `cat <(${line})`,
  );

  it('that wraps a denied command stays denied', () => {
    fc.assert(
      fc.property(fc.array(wrapping, { maxLength: 4 }), (wraps) => {
        const line = wraps.reduce((inner, wrap) => wrap(inner), 'terraform apply');
        expect([line, decideBy(mine, shell(line)).outcome]).toEqual([line, 'deny']);
      }),
      { numRuns: 300 },
    );
  });
});

it('the work for a hostile command is bounded by its words', () => {
  const decision = decideBy('default', shell('env '.repeat(10_000)));
  expect(decision.reason).toBe('The command cannot be read: it has over 50000 words.');
});

describe('explain', () => {
  it('says for each command which rule decides, with hidden characters shown', () => {
    const policy = builtInPolicy('default');
    const lines = explain({
      policy,
      body: shell('npm test && git push "a\u202Eb"'),
      patchPaths: null,
      standing: [],
    });
    expect(lines.join('\n')).toContain(
      'ask  git push a\\u{202e}b  (default/git-remote: It talks to another repository.)',
    );
    expect(lines.join('\n')).toContain('allow  npm test  (default/inside-sandbox');
  });
});
