import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createGit } from '../../../forge/git.ts';
import { gitFailure } from '../../../forge/git-errors.ts';
import { makeRepository } from '../../helpers/git-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

/** A program named git in a directory of its own, as PATH. */
async function fakeGit(script: string): Promise<{ readonly dir: string; readonly PATH: string }> {
  const dir = await temporaryDirectory();
  await writeFile(join(dir, 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, 'git'), 0o755);
  return { dir, PATH: `${dir}:/usr/local/bin:/usr/bin:/bin` };
}

it('gives the exit code, the output and the English error text back', async () => {
  const git = createGit({
    environment: { PATH: process.env['PATH'], LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de' },
  });
  const repo = await temporaryDirectory();
  makeRepository(repo);
  const good = await git({ directory: repo, args: ['rev-parse', '--is-inside-work-tree'] });
  expect(good).toMatchObject({ exitCode: 0, stderr: '' });
  expect(good.stdout.toString()).toBe('true\n');
  const bad = await git({ directory: repo, args: ['rev-parse', '--verify', 'nothing'] });
  expect(bad.exitCode).toBe(128);
  expect(bad.stderr).toContain('Needed a single revision');
});

it('says that git is missing', async () => {
  const git = createGit({ environment: { PATH: await temporaryDirectory() } });
  await expect(git({ args: ['version'] })).rejects.toMatchObject({ code: 'git.missing' });
});

it('hands on only what git needs of the environment, and no configuration for work on our own repositories', async () => {
  const { PATH } = await fakeGit('env');
  const environment = { PATH, SECRET: 'x', SSH_AUTH_SOCK: '/s', GIT_DIR: '/evil', GIT_CONFIG_GLOBAL: '/g' };
  const own = (await createGit({ environment })({ args: [] })).stdout.toString();
  expect(own).toContain('GIT_CONFIG_GLOBAL=/dev/null');
  expect(own).toContain('GIT_TERMINAL_PROMPT=0');
  expect(own).not.toMatch(/SECRET|SSH_AUTH_SOCK|evil/);
  const persons = (await createGit({ environment })({ args: [], personConfig: true })).stdout.toString();
  expect(persons).toContain('GIT_CONFIG_GLOBAL=/g');
  expect(persons).toContain('SSH_AUTH_SOCK=/s');
  expect(persons).not.toMatch(/SECRET|evil/);
});

it('stops a git that takes too long, with all that it started', async () => {
  // The answer comes when nobody holds git's output any more: the child too must have been ended, which ignores SIGTERM.
  const { PATH } = await fakeGit('trap "" TERM\nsleep 1000 &\nwait; wait');
  const asked = createGit({ environment: { PATH } })({ args: ['fetch'], timeoutMs: 300 });
  await expect(asked).rejects.toMatchObject({ code: 'repository.unavailable', retryable: true });
});

it('stops a git when its signal is aborted, and starts none afterwards', async () => {
  const { dir, PATH } = await fakeGit('echo started > "$(dirname "$0")/pid"; sleep 1000');
  const controller = new AbortController();
  const git = createGit({ environment: { PATH }, signal: controller.signal });
  const asked = git({ args: ['fetch'] });
  await vi.waitFor(() => readFile(join(dir, 'pid')));
  controller.abort(new Error('the worker stops'));
  await expect(asked).rejects.toThrow('the worker stops');
  await expect(git({ args: ['fetch'] })).rejects.toThrow('the worker stops');
});

it('stops a git that writes without end', async () => {
  const { PATH } = await fakeGit('yes');
  const git = createGit({ environment: { PATH } });
  const asked = git({ args: ['ls-tree'], maxOutputBytes: 100_000 });
  await expect(asked).rejects.toMatchObject({ code: 'repository.unreadable' });
});

it('keeps the end of a long error text, without credentials', async () => {
  const { PATH } = await fakeGit('yes noise | head -c 200000 >&2; echo "https://a:hunter2@h/" >&2; exit 3');
  const result = await createGit({ environment: { PATH } })({ args: [] });
  expect(result.exitCode).toBe(3);
  expect(result.stderr.length).toBeLessThan(40_000);
  expect(result.stderr).toMatch(/https:\/\/\*\*\*@h\/$/);
});

it.each([
  ['fatal: write error: No space left on device', 'disk.full'],
  ["fatal: detected dubious ownership in repository at '/x'", 'repository.unreadable'],
  ['git@host: Permission denied (publickey).', 'repository.unreadable'],
  ["fatal: could not read Username for 'https://h': terminal prompts disabled", 'repository.unreadable'],
  ['fatal: unable to access: Could not resolve host: h', 'repository.unavailable'],
  ['fatal: unable to access: The requested URL returned error: 503', 'repository.unavailable'],
  ['remote: Repository not found.', 'repository.not_found'],
  ["fatal: '/x' does not appear to be a git repository", 'repository.not_found'],
  ["fatal: transport 'ext' not allowed", 'usage.invalid'],
  ["error: unable to create '/x/objects': Read-only file system", 'disk.no_permission'],
  ['error: insufficient permission: Permission denied', 'disk.no_permission'],
  ['fatal: something that nobody has seen', 'repository.unreadable'],
])('takes %j for %s', (stderr, code) => {
  const error = gitFailure('it failed', { exitCode: 128, stdout: Buffer.alloc(0), stderr });
  expect(error.code).toBe(code);
  expect(error.message).toContain(stderr.slice(0, 20));
});
