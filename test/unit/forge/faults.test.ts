import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CommitIdSchema, TaskIdSchema } from '../../../contracts/ids.ts';
import { createGitForge } from '../../../forge/git-forge.ts';
import { commitAll, git, makeRepository, writeFiles } from '../../helpers/git-fixture.ts';
import { hasGitServer, startGitServer } from '../../helpers/git-server.ts';
import { mountSmallDisk, noDiskReason } from '../../helpers/small-disk.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const taskId = TaskIdSchema.parse('t1');
const isRoot = process.getuid?.() === 0;

async function places() {
  const dir = await temporaryDirectory();
  return { dir, repo: join(dir, 'repo'), stateDir: join(dir, 'state') };
}

/** A worker of its own that makes one call to the forge, and can be killed. */
function forgeProcess(stateDir: string, call: 'fetch' | 'publish', input: object): ChildProcess {
  const module = new URL('../../../forge/git-forge.ts', import.meta.url).href;
  const program = `
    import { createGitForge } from ${JSON.stringify(module)};
    const forge = createGitForge({ stateDir: ${JSON.stringify(stateDir)}, environment: process.env });
    await forge[${JSON.stringify(call)}](${JSON.stringify(input)});`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: 'ignore',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a worker that is killed', () => {
  it.skipIf(!hasGitServer)('while it fetches leaves a fetch that works', async () => {
    const { dir, repo, stateDir } = await places();
    const head = makeRepository(repo);
    let asked: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let hold = true;
    const server = await startGitServer(dir, {
      before: async (request) => {
        // The second POST asks for the objects: ls-remote and the fetch's own look at the refs come first.
        if (hold && request.method === 'POST' && existsSync(join(stateDir, 'mirrors'))) {
          asked?.();
          return false;
        }
        return true;
      },
    });
    const input = { taskId, repository: `${server.origin}/repo/.git`, ref: null, includeChanges: false };
    const child = forgeProcess(stateDir, 'fetch', input);
    await reached;
    await kill(child);
    hold = false;
    const fetched = await createGitForge({ stateDir }).fetch(input);
    expect(fetched).toMatchObject({ baseCommit: head, baseBranch: 'main' });
  });

  it('between the push and its answer leaves one branch, and the same answer', async () => {
    const { dir, repo, stateDir } = await places();
    makeRepository(repo);
    const bare = join(dir, 'bare.git');
    git(repo, 'clone', '--quiet', '--bare', repo, bare);
    const forge = createGitForge({ stateDir });
    const fetched = await forge.fetch({ taskId, repository: bare, ref: null, includeChanges: false });
    const { baseCommit, baseBranch, baseTree, gitDir } = fetched;
    const commit = CommitIdSchema.parse(git(gitDir, 'commit-tree', '-p', baseCommit, '-m', 'done', baseTree));
    const input = { taskId, repository: bare, branch: 'longhaul/t1', commit, baseCommit, baseBranch };
    const hook = `#!/bin/sh\ntouch '${dir}/pushed'\nwhile test -e '${dir}/pushed'; do sleep 0.05; done\n`;
    writeFiles(bare, { 'hooks/post-receive': hook });
    chmodSync(join(bare, 'hooks/post-receive'), 0o755);

    const child = forgeProcess(stateDir, 'publish', input);
    await vi.waitFor(() => expect(existsSync(join(dir, 'pushed'))).toBe(true), { timeout: 20_000 });
    await kill(child);
    const published = await forge.publish(input);
    rmSync(join(dir, 'pushed'));
    expect(published).toEqual({ branch: 'longhaul/t1', commit, baseMovedBy: 0, mergesCleanly: true });
    expect(git(bare, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/heads/longhaul/t1',
      'refs/heads/main',
    ]);
  });

  it('by an abort in the middle ends its git and leaves a fetch that works', async () => {
    const { dir, repo, stateDir } = await places();
    const head = makeRepository(repo);
    const real = git(repo, '--exec-path');
    writeFiles(dir, { 'bin/git': `#!/bin/sh\ntouch '${dir}/started'\nsleep 1000\n` });
    chmodSync(join(dir, 'bin/git'), 0o755);
    const controller = new AbortController();
    const environment = { PATH: `${dir}/bin:${process.env['PATH']}:${real}` };
    const input = { taskId, repository: repo, ref: null, includeChanges: false };
    const asked = createGitForge({ stateDir, environment, signal: controller.signal }).fetch(input);
    await vi.waitFor(() => expect(existsSync(join(dir, 'started'))).toBe(true));
    controller.abort(new Error('the worker stops'));
    await expect(asked).rejects.toThrow('the worker stops');
    expect((await createGitForge({ stateDir }).fetch(input)).baseCommit).toBe(head);
  });

  it('while it makes the task’s repository leaves nothing that is taken for one', async () => {
    const { repo, stateDir } = await places();
    const head = makeRepository(repo);
    const half = join(stateDir, 'tasks/t1/repository.git.0000.making');
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, 'HEAD'), 'half');
    const fetched = await createGitForge({ stateDir }).fetch({
      taskId,
      repository: repo,
      ref: null,
      includeChanges: false,
    });
    expect(fetched.baseCommit).toBe(head);
  });
});

describe.skipIf(!hasGitServer)('a URL with a password', () => {
  it('works, and the password is in no argument, file or message', async () => {
    const { dir, repo, stateDir } = await places();
    const head = makeRepository(repo);
    git(repo, 'clone', '--quiet', '--bare', repo, join(dir, 'served/repo.git'));
    git(join(dir, 'served/repo.git'), 'config', 'http.receivepack', 'true');
    const seen: string[] = [];
    const server = await startGitServer(join(dir, 'served'), {
      credentials: 'ada:hunt er2',
      before: () => {
        seen.push(...commandLines());
        return true;
      },
    });
    const repository = `${server.origin.replace('//', '//ada:hunt%20er2@')}/repo.git`;
    const forge = createGitForge({ stateDir });
    const fetched = await forge.fetch({ taskId, repository, ref: 'main', includeChanges: false });
    expect(fetched).toMatchObject({ baseCommit: head, baseBranch: 'main' });
    const { baseCommit, baseBranch, baseTree, gitDir } = fetched;
    const commit = CommitIdSchema.parse(git(gitDir, 'commit-tree', '-p', baseCommit, '-m', 'done', baseTree));
    await forge.publish({ taskId, repository, branch: 'longhaul/t1', commit, baseCommit, baseBranch });
    expect(git(join(dir, 'served/repo.git'), 'rev-parse', 'longhaul/t1')).toBe(commit);

    const wrong = repository.replace('hunt%20er2', 'wr0ng');
    const error: unknown = await forge
      .fetch({ taskId: TaskIdSchema.parse('t2'), repository: wrong, ref: null, includeChanges: false })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'repository.unreadable', retryable: false });
    expect(String(error)).not.toContain('wr0ng');
    expect(process.platform !== 'linux' || seen.some((line) => line.includes('git-remote-http'))).toBe(true);
    expect(seen.join('\n')).not.toMatch(/hunt(?: |%20)er2/);
    expect(grep(stateDir, /hunt(?: |%20)er2/)).toEqual([]);
  });

  it('that has a token for a user name keeps it out of arguments too', async () => {
    const { dir, repo, stateDir } = await places();
    const head = makeRepository(repo);
    git(repo, 'clone', '--quiet', '--bare', repo, join(dir, 'served/repo.git'));
    const seen: string[] = [];
    const server = await startGitServer(join(dir, 'served'), {
      before: () => {
        seen.push(...commandLines());
        return true;
      },
    });
    const repository = `${server.origin.replace('//', '//t0ken@')}/repo.git`;
    const fetched = await createGitForge({ stateDir }).fetch({
      taskId,
      repository,
      ref: null,
      includeChanges: false,
    });
    expect(fetched.baseCommit).toBe(head);
    expect(seen.join('\n')).not.toContain('t0ken');
  });

  it('says of a server that fails that trying again may help', async () => {
    const { dir, stateDir } = await places();
    const server = await startGitServer(dir, { before: () => false });
    const asked = createGitForge({ stateDir }).fetch({
      taskId,
      repository: `${server.origin}/x.git`,
      ref: null,
      includeChanges: false,
    });
    await expect(asked).rejects.toMatchObject({ code: 'repository.unavailable' });
  });

  it('says of a repository that the server does not have that it is not there', async () => {
    const { dir, stateDir } = await places();
    const server = await startGitServer(dir);
    const input = { taskId, repository: `${server.origin}/x.git`, ref: null, includeChanges: false };
    await expect(createGitForge({ stateDir }).fetch(input)).rejects.toMatchObject({
      code: 'repository.not_found',
    });
  });
});

describe('a disk', () => {
  it.skipIf(noDiskReason)(
    'that is full ends the fetch with what to do, and the next one works when there is room',
    async () => {
      const { repo, stateDir } = await places();
      makeRepository(repo, { 'noise.bin': randomBytes(3 * 1024 * 1024) });
      mountSmallDisk(stateDir, 1024 * 1024);
      const forge = createGitForge({ stateDir });
      const input = { taskId, repository: repo, ref: null, includeChanges: false };
      await expect(forge.fetch(input)).rejects.toMatchObject({ code: 'disk.full', retryable: true });
      git(repo, 'rm', '--quiet', 'noise.bin');
      writeFiles(repo, { small: 'x' });
      git(repo, 'add', '--all');
      git(repo, 'commit', '--quiet', '--amend', '-m', 'small');
      expect((await forge.fetch(input)).baseBranch).toBe('main');
    },
  );

  it.skipIf(noDiskReason)('that is full with included changes says so too', async () => {
    const { repo, stateDir } = await places();
    makeRepository(repo);
    writeFiles(repo, { 'noise.bin': randomBytes(3 * 1024 * 1024) });
    mountSmallDisk(stateDir, 1024 * 1024);
    const asked = createGitForge({ stateDir }).fetch({
      taskId,
      repository: repo,
      ref: null,
      includeChanges: true,
    });
    await expect(asked).rejects.toMatchObject({ code: 'disk.full' });
  });

  it.skipIf(noDiskReason)('that is read-only takes no branch, and the error names the way out', async () => {
    const { repo, stateDir } = await places();
    const disk = mountSmallDisk(repo, 4 * 1024 * 1024);
    makeRepository(repo);
    disk.makeReadOnly();
    const forge = createGitForge({ stateDir });
    const fetched = await forge.fetch({ taskId, repository: repo, ref: null, includeChanges: false });
    const { baseCommit, baseBranch } = fetched;
    const asked = forge.publish({
      taskId,
      repository: repo,
      branch: 'longhaul/t1',
      commit: baseCommit,
      baseCommit,
      baseBranch,
    });
    await expect(asked).rejects.toMatchObject({
      code: 'disk.no_permission',
      message: expect.stringContaining('longhaul diff --patch'),
    });
  });

  it.skipIf(isRoot)('path that may not be read or written is named', async () => {
    const { dir, repo, stateDir } = await places();
    makeRepository(repo);
    const input = { taskId, repository: repo, ref: null, includeChanges: false };
    const closed = (path: string, mode: number) => {
      chmodSync(path, mode);
      onTestFinished(() => chmodSync(path, 0o700));
    };
    closed(join(repo, '.git'), 0o000);
    await expect(createGitForge({ stateDir }).fetch(input)).rejects.toMatchObject({
      code: 'disk.no_permission',
    });
    chmodSync(join(repo, '.git'), 0o700);
    closed(dir, 0o500);
    await expect(createGitForge({ stateDir }).fetch(input)).rejects.toMatchObject({
      code: 'disk.no_permission',
      message: expect.stringContaining(stateDir),
    });
    chmodSync(dir, 0o700);
    writeFiles(repo, { unreadable: 'x' });
    closed(join(repo, 'unreadable'), 0o000);
    const included = createGitForge({ stateDir }).fetch({ ...input, includeChanges: true });
    await expect(included).rejects.toMatchObject({
      code: 'disk.no_permission',
      message: expect.stringContaining('unreadable'),
    });
  });
});

describe('a repository of another user', () => {
  it('is refused with the command that trusts it, and works after that', async () => {
    const { dir, repo, stateDir } = await places();
    makeRepository(repo);
    const path = process.env['PATH'] ?? '';
    writeFiles(dir, {
      'bin/git': `#!/bin/sh\nPATH='${path}'\nexport GIT_TEST_ASSUME_DIFFERENT_OWNER=1\nexec git "$@"\n`,
    });
    chmodSync(join(dir, 'bin/git'), 0o755);
    const home = join(dir, 'home');
    mkdirSync(home);
    const forge = createGitForge({ stateDir, environment: { PATH: `${dir}/bin:${path}`, HOME: home } });
    const input = { taskId, repository: repo, ref: null, includeChanges: false };
    await expect(forge.fetch(input)).rejects.toMatchObject({
      code: 'repository.unreadable',
      message: expect.stringContaining('safe.directory'),
    });
    writeFiles(home, { '.gitconfig': `[safe]\n\tdirectory = ${repo}\n\tdirectory = ${repo}/.git\n` });
    expect((await forge.fetch(input)).baseBranch).toBe('main');
  });
});

describe('a branch', () => {
  /** A git that keeps a list of what it was asked, and runs a script before it pushes. */
  async function watchedGit(dir: string, beforePush: string) {
    const path = process.env['PATH'] ?? '';
    writeFiles(dir, {
      'bin/git': `#!/bin/sh\nPATH='${path}'\necho "$@" >> '${dir}/asked'\ncase "$*" in *' push '*) ${beforePush};; esac\nexec git "$@"\n`,
    });
    chmodSync(join(dir, 'bin/git'), 0o755);
    return { PATH: `${dir}/bin:${path}` };
  }
  async function ready(beforePush: (repo: string) => string) {
    const { dir, repo, stateDir } = await places();
    const head = makeRepository(repo);
    const forge = createGitForge({ stateDir, environment: await watchedGit(dir, beforePush(repo)) });
    const fetched = await forge.fetch({ taskId, repository: repo, ref: null, includeChanges: false });
    const { baseCommit, baseBranch, baseTree, gitDir } = fetched;
    const commit = CommitIdSchema.parse(git(gitDir, 'commit-tree', '-p', baseCommit, '-m', 'done', baseTree));
    const input = { taskId, repository: repo, branch: 'longhaul/t1', commit, baseCommit, baseBranch };
    const pushes = () => readFileSync(join(dir, 'asked'), 'utf8').match(/ push /g)?.length ?? 0;
    return { repo, head, forge, commit, input, pushes };
  }

  it('that appears between the look and the push is not moved, though it could be', async () => {
    const { repo, head, forge, input } = await ready((path) => `git -C '${path}' branch longhaul/t1 main`);
    await expect(forge.publish(input)).rejects.toMatchObject({ code: 'repository.push_refused' });
    expect(git(repo, 'rev-parse', 'longhaul/t1')).toBe(head);
  });

  it('that is there with this commit is not pushed again', async () => {
    const { forge, input, pushes } = await ready(() => 'true');
    await forge.publish(input);
    await forge.publish(input);
    expect(pushes()).toBe(1);
  });
});

describe('a mirror', () => {
  it('lends one copy of the objects to many tasks, and holds no task’s own', async () => {
    const { repo, stateDir } = await places();
    makeRepository(repo, { 'noise.bin': randomBytes(500_000) });
    const forge = createGitForge({ stateDir });
    for (const id of ['t1', 't2', 't3']) {
      await forge.fetch({
        taskId: TaskIdSchema.parse(id),
        repository: repo,
        ref: null,
        includeChanges: false,
      });
      writeFiles(repo, { [id]: 'x' });
      commitAll(repo);
    }
    expect(readdirSync(join(stateDir, 'mirrors'))).toHaveLength(1);
    for (const id of ['t1', 't2', 't3']) {
      const gitDir = join(stateDir, 'tasks', id, 'repository.git');
      expect(git(gitDir, 'count-objects', '-v')).toMatch(/size: 0[\s\S]*size-pack: 0/);
      git(gitDir, 'gc', '--quiet', '--prune=now');
    }
    git(join(stateDir, 'tasks/t1/repository.git'), 'fsck', '--connectivity-only');
  });
});

function commandLines(): readonly string[] {
  const pids = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.map((pid) => {
    try {
      return readFileSync(join('/proc', pid, 'cmdline'), 'latin1');
    } catch {
      return '';
    }
  });
}

function grep(directory: string, pattern: RegExp): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(readFileSync(path, 'latin1')) && dirname(path) !== '');
}
