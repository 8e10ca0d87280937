import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../cli/program.ts';
import { createFakePlatform } from '../../helpers/fake-platform.ts';

const verbs =
  'run ls show watch diff logs approve reject edit steer pause resume cancel rollback replay doctor up down worker'.split(
    ' ',
  );

async function output(...words: readonly string[]): Promise<string> {
  const platform = createFakePlatform();
  expect(await runCommandLine(platform, words)).toBe(0);
  return platform.terminal.stdout();
}

describe('the command line', () => {
  it('shows every verb when it is given none, and what the exit codes mean', async () => {
    const text = await output();
    for (const verb of verbs) expect(text).toMatch(new RegExp(`^  ${verb} `, 'm'));
    expect(text).toContain('130 left by Ctrl-C');
    expect(await output('--help')).toBe(text);
  });

  it.each(verbs)('has help on %s with an example and --json', async (verb) => {
    const text = await output(verb, '--help');
    expect(text).toContain('--json');
    expect(text).toMatch(new RegExp(`Example:\n  \\$ longhaul ${verb}`));
  });

  it('names itself in help and in errors as it can be typed', async () => {
    const platform = createFakePlatform(undefined, { program: 'npx longhaul' });
    await runCommandLine(platform, ['steer', '--help']);
    expect(platform.terminal.stdout()).toContain('Usage: npx longhaul steer');
    expect(platform.terminal.stdout()).toContain('$ npx longhaul steer fix');
    await expect(runCommandLine(platform, ['ls', '--statsu'])).rejects.toThrow('See: npx longhaul ls --help');
  });

  it('says its version', async () => {
    expect(await output('--version')).toBe('0.1.0\n');
  });

  it.each([
    [['wacth', 'x'], /unknown command 'wacth'[\s\S]*Did you mean watch\?/],
    [['ls', '--statsu', 'x'], /unknown option '--statsu'[\s\S]*--status[\s\S]*See: longhaul ls --help/],
    [['watch'], /missing required argument 'task'/],
    [['ls', 'x'], /too many arguments/],
    [['ls', '--limit', '0'], /--limit: expected at least 1/],
    [['ls', '--status', 'open'], /--status: expected one of preparing, running/],
    [['rollback', 'x'], /--to: say to the end of which iteration/],
    [['reject', 'x'], /--reason: say why/],
    [['run', 'x', '--budget-usd', '-1'], /--budget-usd: expected an amount/],
    [['run', 'x', '--max-iterations', 'many'], /--max-iterations: expected a whole number/],
  ])('refuses %j and says what is wrong', async (words, message) => {
    await expect(runCommandLine(createFakePlatform(), words)).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringMatching(message),
    });
  });
});
