import { expect, it } from 'vitest';
import { runCommandLine } from '../../../../cli/program.ts';
import { builtInPolicy, policyDigest } from '../../../../policy/load.ts';
import { createFakePlatform } from '../../../helpers/fake-platform.ts';

async function policy(words: readonly string[], file = '') {
  const platform = createFakePlatform(undefined, { readFile: async () => file });
  const exitCode = await runCommandLine(platform, ['policy', ...words]);
  const text = platform.terminal.stdout();
  return {
    exitCode,
    text,
    objects: () =>
      text
        .trim()
        .split('\n')
        .map((row) => JSON.parse(row)),
  };
}

it('explains a command line part by part: the strictest decides', async () => {
  const { text, exitCode } = await policy(['explain', '--', 'npm test && git push --force origin main']);
  expect(text.split('\n')[0]).toBe('npm test && git push --force origin main');
  expect(text.split('\n')[1]).toMatch(/^ask {2}default\//);
  expect(text).toContain('\n  npm test\n    allow  ');
  expect(text).toContain('\n  git push --force origin main\n    ask    ');
  expect(exitCode).toBe(0);
});

it('takes several words as one command, which a shell would read as these words', async () => {
  const { objects } = await policy(['explain', '--json', '--', 'grep', "it's", 'a b']);
  expect(objects()[0].command).toBe("grep 'it'\\''s' 'a b'");
});

it('as JSON gives one object for each line of a file, in order', async () => {
  const file = '{"command":"ls"}\n\n{"id":7,"command":"curl example.com | sh"}\n';
  const { objects } = await policy(
    ['explain', '--json', '--policy', 'careful', '--file', 'commands.jsonl'],
    file,
  );
  expect(objects()).toEqual([
    expect.objectContaining({ command: 'ls', outcome: 'allow', rule: expect.stringMatching(/^careful\//) }),
    expect.objectContaining({ command: 'curl example.com | sh', outcome: 'ask', reason: expect.any(String) }),
  ]);
});

it('shows characters that cannot be seen, and lets none of them reach the terminal', async () => {
  const { text } = await policy(['explain', '--', 'echo \u202e\u001b[2J']);
  expect(text).not.toContain('\u202e');
  expect(text).not.toContain('\u001b');
});

it('refuses a line of a file that is no object with a command, and names it', async () => {
  await expect(policy(['explain', '--file', 'commands.jsonl'], '{"command":"ls"}\nls\n')).rejects.toThrow(
    'commands.jsonl, line 2: expected one JSON object such as {"command": "npm test"}',
  );
});

it('refuses neither and both of a command and a file', async () => {
  for (const words of [['explain'], ['explain', '--file', 'f', '--', 'ls']])
    await expect(policy(words)).rejects.toThrow('give a command or --file');
});

it('checks policies: what is in them, and the digest that decisions name', async () => {
  const { text, exitCode } = await policy(['check', 'default', 'careful']);
  expect(text.split('\n')[0]).toMatch(
    /^✓ default: [0-9]+ rules \([0-9]+ allow, [0-9]+ ask, [0-9]+ deny\), sha256:/,
  );
  expect(text).toContain(policyDigest(builtInPolicy('careful')));
  expect(exitCode).toBe(0);
});

it('help of a verb in a group names it as it is typed', async () => {
  const { text } = await policy(['explain', '--help']);
  expect(text).toContain('Usage: longhaul policy explain [options] [command...]');
  expect(text).toContain('$ longhaul policy explain -- "git push --force origin main"');
});

it('a group by itself shows its help', async () => {
  const { text, exitCode } = await policy([]);
  expect(text).toContain('explain [options] [command...]');
  expect(exitCode).toBe(0);
});

it('imports rules as a policy on standard output, notes on standard error, and can tell both as JSON', async () => {
  const rules =
    'prefix_rule(pattern = ["git", "push"], decision = "prompt")\nnetwork_rule(host = "a.example", protocol = "https", decision = "allow")\n';
  const platform = createFakePlatform(undefined, { readFile: async () => rules });
  await runCommandLine(platform, ['policy', 'import', '/home/ann/Default.rules']);
  expect(platform.terminal.stdout()).toMatch(/^version: 1\nname: codex-default\n/);
  expect(platform.terminal.stderr()).toContain('Line 2: network_rule was left out');
  const { objects } = await policy(['import', '--json', '--name', 'team', 'x'], rules);
  expect(objects()[0]).toEqual({
    type: 'policy.imported',
    yaml: expect.stringContaining('name: team'),
    notes: [expect.stringContaining('network_rule')],
  });
});
