import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CommitId } from '../../../contracts/ids.ts';
import { groupFreezer } from '../../../sandbox/keeper/freezer.ts';
import type { LocalSandboxDeps } from '../../../sandbox/local-sandbox.ts';
import {
  acquire,
  checkpointOf,
  commitOf,
  digest,
  never,
  nextLease,
  quiet,
  run,
  shell,
  specOf,
} from '../../conformance/sandbox-support.ts';
import { git, gitWith } from '../../helpers/git-fixture.ts';
import { type LocalFixture, makeLocalFixture } from '../../helpers/local-sandbox.ts';
import { mountSmallDisk, noDiskReason } from '../../helpers/small-disk.ts';

const follower = fileURLToPath(new URL('../../helpers/programs/follow-step.ts', import.meta.url));

async function makeFixture(more: Partial<LocalSandboxDeps> = {}): Promise<LocalFixture> {
  const fixture = await makeLocalFixture(more);
  onTestFinished(async () => {
    for (const { leaseId } of await fixture.sandbox.leases()) await fixture.sandbox.release(leaseId);
    await fixture.cleanup();
  });
  return fixture;
}

/** Starts another process that waits for something of a lease, and kills it as soon as it waits. */
async function killWhileWaiting(fixture: LocalFixture, leaseId: string, work: unknown): Promise<void> {
  const child = spawn(
    process.execPath,
    [follower, JSON.stringify(fixture.deps), leaseId, JSON.stringify(work)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
}

test('a sandbox whose keeper died while it held it frozen is cleared away', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const file = path.join(fixture.deps.stateDir, 'leases', leaseId, 'processes.json');
  const { cgroups } = JSON.parse(readFileSync(file, 'utf8'));
  // None at all where this user can make no control group.
  for (const group of cgroups) groupFreezer(group)?.freeze();
  await fixture.killKeeper(leaseId);
  await fixture.sandbox.release(leaseId);
  expect(await fixture.leftovers(leaseId)).toEqual([]);
});

test('nothing of a step that has ended is counted any more, so a checkpoint need not stop anything', async (context) => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const file = path.join(fixture.deps.stateDir, 'leases', leaseId, 'processes.json');
  const { cgroups }: { cgroups: string[] } = JSON.parse(readFileSync(file, 'utf8'));
  const counter = cgroups.map((group) => path.join(group, 'pids.current')).find((name) => existsSync(name));
  if (counter === undefined) return context.skip('this user can make no control group');
  const count = () => Number(readFileSync(counter, 'latin1'));
  const own = count();
  await run(fixture, leaseId, 'true');
  await vi.waitFor(() => expect(count()).toBe(own));
  await run(fixture, leaseId, 'setsid sleep 600 </dev/null >/dev/null 2>&1 &');
  await vi.waitFor(() => expect(count()).toBe(own + 1));
});

test('a keeper that is stuck holds up nobody: leases are still listed, and its own can be released', async () => {
  const fixture = await makeFixture();
  const [{ leaseId: stuck }, { leaseId: sound }] = await Promise.all([acquire(fixture), acquire(fixture)]);
  const file = path.join(fixture.deps.stateDir, 'leases', stuck, 'processes.json');
  const { keeper } = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(keeper.pid, 'SIGSTOP');

  const listed = await fixture.sandbox.leases();
  expect(listed.map(({ leaseId, alive }) => [leaseId, alive]).sort()).toEqual([
    [stuck, true],
    [sound, true],
  ]);
  await fixture.leftovers(stuck);
  await fixture.sandbox.release(stuck);
  expect(await fixture.leftovers(stuck)).toEqual([]);
  expect(await fixture.sandbox.leases()).toMatchObject([{ leaseId: sound, alive: true }]);
});

test('a step whose keeper is stuck is cancelled without waiting for the keeper, so its task can end', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const step = shell('echo x > begun; sleep 307');
  const given = new AbortController();
  const running = fixture.sandbox.exec(leaseId, step, { signal: given.signal, onOutput: () => undefined });
  await run(fixture, leaseId, 'until [ -e begun ]; do sleep 0.02; done');
  const file = path.join(fixture.deps.stateDir, 'leases', leaseId, 'processes.json');
  const { keeper } = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(keeper.pid, 'SIGSTOP');
  given.abort(new Error('cancelled'));
  await expect(running).rejects.toThrow('cancelled');
  await fixture.sandbox.cancel(leaseId, step.stepId);
  await fixture.leftovers(leaseId);
  await fixture.sandbox.release(leaseId);
  expect(await fixture.leftovers(leaseId)).toEqual([]);
});

test('a step whose keeper stays silent ends as lost with what it had written, and nothing of the sandbox runs on', async () => {
  const fixture = await makeFixture({ silenceLimitMs: 1_200 });
  const { leaseId } = await acquire(fixture);
  const step = shell('echo begun; touch begun; sleep 308');
  const running = fixture.sandbox.exec(leaseId, step, { signal: never, onOutput: () => undefined });
  await run(fixture, leaseId, 'until [ -e begun ]; do sleep 0.02; done');
  const file = path.join(fixture.deps.stateDir, 'leases', leaseId, 'processes.json');
  const { keeper } = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(keeper.pid, 'SIGSTOP');
  expect(await running).toMatchObject({ status: 'lost', adopted: true, output: Buffer.from('begun\n') });
  expect((await fixture.leftovers(leaseId)).filter((left) => left.startsWith('process'))).toEqual([]);
  await expect(acquire(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
});

test('a keeper that stays silent while the lease is being made counts as dead', async () => {
  const fixture = await makeFixture({ silenceLimitMs: 1_200 });
  const leaseId = nextLease();
  const setup = { commands: ['sleep 309'], hosts: [], digest: digest('e'), timeoutMs: 600_000 };
  const file = path.join(fixture.deps.stateDir, 'leases', leaseId, 'processes.json');
  const acquired = fixture.sandbox.acquire(specOf(fixture, leaseId, setup), {
    signal: never,
    onProgress: ({ phase }) => {
      if (phase === 'setup') process.kill(JSON.parse(readFileSync(file, 'utf8')).keeper.pid, 'SIGSTOP');
    },
  });
  await expect(acquired).rejects.toMatchObject({ code: 'sandbox.lost' });
  expect((await fixture.leftovers(leaseId)).filter((left) => left.startsWith('process'))).toEqual([]);
});

test('a worker that is killed while it follows a step is replaced by one that gets the result; the command runs once', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const step = shell('echo x >> runs; echo begun; until [ -e go ]; do sleep 0.05; done; cat runs');
  await killWhileWaiting(fixture, leaseId, { step });
  const watch = { signal: never, onOutput: () => undefined };
  const result = fixture.sandbox.exec(leaseId, step, watch);
  await run(fixture, leaseId, 'touch go');
  expect(await result).toMatchObject({ status: 'ok', adopted: true, output: Buffer.from('begun\nx\n') });
});

test('a worker that is killed during setup is replaced by one that waits for the same setup', async () => {
  const fixture = await makeFixture();
  const leaseId = nextLease();
  const setup = {
    commands: ['echo x >> ~/runs; sleep 1'],
    hosts: [],
    digest: digest('c'),
    timeoutMs: 60_000,
  };
  const spec = specOf(fixture, leaseId, setup);
  await killWhileWaiting(fixture, leaseId, { spec });
  expect(await fixture.sandbox.acquire(spec, quiet)).toMatchObject({ adopted: true, setupReused: false });
  expect((await run(fixture, leaseId, 'cat ~/runs')).text).toBe('x\n');
});

test('a state directory with a path longer than any socket address works', async () => {
  const base = await makeFixture();
  const deps = { stateDir: path.join(base.directory, 'd'.repeat(120), 'e'.repeat(120)) };
  const fixture = await makeFixture(deps);
  const { leaseId } = await acquire(fixture);
  expect((await run(fixture, leaseId, 'echo fine')).text).toBe('fine\n');
});

test('a lease that nobody calls for gives itself up', async () => {
  const fixture = await makeFixture({ idleLimitMs: 300 });
  const { leaseId } = await acquire(fixture);
  await fixture.leftovers(leaseId);
  await vi.waitFor(async () => expect(await fixture.leftovers(leaseId)).toEqual([]), { timeout: 15_000 });
});

test('the configuration is for its user alone, and a password of the proxy is neither in it nor in arguments', async () => {
  const fixture = await makeFixture({ upstreamProxyUrl: 'http://user:secret@127.0.0.1:1' });
  const { leaseId } = await acquire(fixture);
  const directory = path.join(fixture.deps.stateDir, 'leases', leaseId);
  expect(statSync(directory).mode & 0o077).toBe(0);
  expect(statSync(path.join(directory, 'config.json')).mode & 0o077).toBe(0);
  expect(readFileSync(path.join(directory, 'config.json'), 'utf8')).not.toContain('secret');
  const recorded = JSON.parse(readFileSync(path.join(directory, 'processes.json'), 'utf8'));
  for (const file of ['cmdline', 'environ']) {
    expect(readFileSync(`/proc/${recorded.keeper.pid}/${file}`, 'utf8')).not.toContain('secret');
    expect(readFileSync(`/proc/${recorded.sandbox.pid}/${file}`, 'utf8')).not.toContain('secret');
  }
});

test('no path of the host shows in the process list of a sandbox', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const { text } = await run(fixture, leaseId, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "');
  expect(text).not.toContain(fixture.directory);
});

test('a lent directory is visible read-only at its own path, and its programs come first', async () => {
  const base = await makeFixture();
  const lent = path.join(base.directory, 'tools');
  mkdirSync(path.join(lent, 'bin'), { recursive: true });
  writeFileSync(path.join(lent, 'bin', 'git'), '#!/bin/sh\necho lent git\n', { mode: 0o755 });
  const fixture = await makeFixture({ readOnlyPaths: [lent] });
  const { leaseId } = await acquire(fixture);
  expect((await run(fixture, leaseId, 'git')).text).toBe('lent git\n');
  expect((await run(fixture, leaseId, `touch ${lent}/x`)).status).toBe('failed');
});

test('a source that borrows objects from another repository works inside, without a word of complaint', async () => {
  const fixture = await makeFixture();
  const borrower = path.join(fixture.directory, 'borrower.git');
  const middle = path.join(fixture.directory, 'middle.git');
  git(fixture.directory, 'clone', '--quiet', '--bare', '--shared', fixture.gitDir, middle);
  git(fixture.directory, 'clone', '--quiet', '--bare', '--shared', middle, borrower);
  const { leaseId } = await acquire({ ...fixture, gitDir: borrower });
  expect(
    await run(fixture, leaseId, 'git fsck && git log --format=%s && git show HEAD:README.md'),
  ).toMatchObject({
    status: 'ok',
    text: expect.stringMatching(/^base\n# Sample\n$|notice|base/),
  });
  expect((await run(fixture, leaseId, 'git log --format=%s 2>&1')).text).toBe('base\n');
});

test('a shallow source works inside, and its checkpoints stand on it', async () => {
  const fixture = await makeFixture();
  const work = path.join(fixture.directory, 'work');
  git(work, 'commit', '--quiet', '--allow-empty', '-m', 'second');
  const shallow = path.join(fixture.directory, 'shallow.git');
  git(fixture.directory, 'clone', '--quiet', '--bare', '--depth', '1', `file://${work}`, shallow);
  const commit = commitOf(git(shallow, 'rev-parse', 'HEAD'));
  const { leaseId } = await acquire({ ...fixture, gitDir: shallow, commit });
  expect((await run(fixture, leaseId, 'git log --format=%s; echo x > x')).text).toBe('second\n');
  expect(await checkpointOf(fixture, leaseId, commit)).toMatchObject({ filesChanged: 1 });
});

test('a repository with SHA-256 names works', async () => {
  const fixture = await makeFixture();
  const work = path.join(fixture.directory, 'wide');
  mkdirSync(work);
  git(work, 'init', '--quiet', '--object-format=sha256');
  writeFileSync(path.join(work, 'file'), 'x\n');
  git(work, 'add', '.');
  git(work, 'commit', '--quiet', '-m', 'wide');
  const commit = commitOf(git(work, 'rev-parse', 'HEAD'));
  const { leaseId } = await acquire({ ...fixture, gitDir: path.join(work, '.git'), commit });
  expect(await run(fixture, leaseId, 'git status --porcelain; rm file; echo y > other')).toMatchObject({
    text: '',
  });
  expect(await checkpointOf(fixture, leaseId, commit)).toMatchObject({ filesChanged: 2 });
});

test('submodules of the base are kept, and what commands put into one is named as left out', async () => {
  const fixture = await makeFixture();
  const commit = withGitlink(fixture.gitDir, fixture.commit);
  const { leaseId } = await acquire({ ...fixture, commit });
  await run(fixture, leaseId, 'echo x > seen');
  const first = await checkpointOf(fixture, leaseId, commit);
  expect(first).toMatchObject({ filesChanged: 1, leftOut: [] });
  await run(fixture, leaseId, 'echo x > module/x');
  const second = await checkpointOf(fixture, leaseId, commit);
  expect(second).toMatchObject({
    tree: first.tree,
    leftOut: [{ path: 'module', reason: 'nested_repository' }],
  });
});

function withGitlink(gitDir: string, parent: string): CommitId {
  const entries = `${git(gitDir, 'ls-tree', parent)}\n160000 commit ${'1'.repeat(40)}\tmodule\n`;
  const tree = gitWith(gitDir, { input: entries }, 'mktree', '--missing');
  return commitOf(git(gitDir, 'commit-tree', tree, '-p', parent, '-m', 'module'));
}

test('git inside sees that a file is unchanged without reading it again', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  const { text } = await run(
    fixture,
    leaseId,
    'git ls-files --debug README.md; stat -c "uid: %u\tgid: %g" README.md',
  );
  const owners = text
    .split('\n')
    .filter((line) => line.includes('uid:'))
    .map((line) => line.trim());
  expect(owners[0]).toBe(owners[1]);
});

test('every decision of the setup proxy is in its log, and an upstream proxy gets what is allowed', async () => {
  const asked: string[] = [];
  const upstream = createServer((incoming, response) => {
    asked.push(`${incoming.url} ${incoming.headers['proxy-authorization']}`);
    response.end('by upstream\n');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    upstream.close();
  });
  await new Promise((resolve) => upstream.once('listening', resolve));
  const address = upstream.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const fixture = await makeFixture({ upstreamProxyUrl: `http://me:pass@127.0.0.1:${port}` });
  const leaseId = nextLease();
  const fetch = (url: string) =>
    `python3 -c "import urllib.request as u; print(u.urlopen('${url}').read().decode())"`;
  const setup = {
    commands: [`${fetch('http://packages.example/x')} > a.log`, `${fetch('http://other.example/')} || true`],
    hosts: ['packages.example'],
    digest: digest('d'),
    timeoutMs: 60_000,
  };
  await fixture.sandbox.acquire(specOf(fixture, leaseId, setup), quiet);
  expect((await run(fixture, leaseId, 'cat a.log')).text).toContain('by upstream');
  expect(asked).toEqual([`http://packages.example/x Basic ${Buffer.from('me:pass').toString('base64')}`]);
  const log = readFileSync(path.join(fixture.deps.stateDir, 'leases', leaseId, 'setup-proxy.jsonl'), 'utf8');
  const decisions = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(decisions).toMatchObject([
    { decision: 'allowed', host: 'packages.example', port: 80 },
    { decision: 'denied', host: 'other.example', port: 80, reason: 'not_listed' },
  ]);
});

test.skipIf(noDiskReason !== undefined)(
  'a full disk is told as such by every call, and what was there stays',
  async () => {
    const fixture = await makeFixture();
    mountSmallDisk(fixture.deps.stateDir, 6 * 1024 * 1024);
    const { leaseId } = await acquire(fixture);
    // Before the disk goes.
    onTestFinished(() => fixture.sandbox.release(leaseId));
    const full = { code: 'sandbox.disk_full' };
    const fill = 'echo kept > kept; head -c 20000000 /dev/zero > ~/filler';
    await expect(run(fixture, leaseId, fill)).rejects.toMatchObject(full);
    await expect(run(fixture, leaseId, 'echo x')).rejects.toMatchObject(full);
    await expect(checkpointOf(fixture, leaseId)).rejects.toMatchObject(full);
    await expect(acquire(fixture)).rejects.toMatchObject(full);
    const home = path.join(fixture.deps.stateDir, 'leases', leaseId, 'home', 'filler');
    writeFileSync(home, '');
    expect((await run(fixture, leaseId, 'cat kept')).text).toBe('kept\n');
    expect(await checkpointOf(fixture, leaseId)).toMatchObject({ filesChanged: 1 });
    await fixture.sandbox.release(leaseId);
  },
);

test.skipIf(noDiskReason !== undefined)(
  'a state directory that cannot be written is told as such',
  async () => {
    const fixture = await makeFixture();
    mountSmallDisk(fixture.deps.stateDir, 1024 * 1024).makeReadOnly();
    await expect(acquire(fixture)).rejects.toMatchObject({ code: 'disk.no_permission' });
  },
);

test('nothing of a released lease is left beside it', async () => {
  const fixture = await makeFixture();
  const { leaseId } = await acquire(fixture);
  await fixture.sandbox.release(leaseId);
  expect(readdirSync(path.join(fixture.deps.stateDir, 'leases'))).toEqual([]);
});
