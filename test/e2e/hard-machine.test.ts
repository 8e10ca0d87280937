import { appendFileSync, chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { embeddedServerStatus } from '../../workers/embedded-server/status.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import {
  brokenSum,
  conversation,
  mendAndDone,
  mendSum,
  sumCheck,
  untilMade,
} from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { mountSmallDisk, noDiskReason } from '../helpers/small-disk.ts';

const done = mendAndDone.slice(1);
const twentyMegabytes = 'head -c 20000000 /dev/zero | tr "\\\\0" x; echo; echo the end';

const scenario = {
  conversations: [
    conversation('mend', mendAndDone),
    conversation('much-output', [
      { reply: [{ exec_command: twentyMegabytes }] },
      {
        expect: { outputs: 1, contains: ['the end', 'Process exited with code 0'] },
        reply: [{ apply_patch: mendSum }],
      },
      ...done,
    ]),
    conversation('endless-output', [
      { reply: [{ exec_command: 'yes' }] },
      { expect: { outputs: 1, contains: ['more than the output limit'] }, reply: [{ apply_patch: mendSum }] },
      ...done,
    ]),
    conversation('slow-command', [
      { reply: [{ exec_command: { cmd: 'sleep 600', timeout_ms: 300 } }] },
      { expect: { outputs: 1, contains: ['ran out of time'] }, reply: [{ apply_patch: mendSum }] },
      ...done,
    ]),
    conversation('calms-the-check', [
      { reply: [{ exec_command: 'touch calm' }, { apply_patch: mendSum }] },
      ...done,
    ]),
  ],
};

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

async function deliver(name: string, checks = [sumCheck]) {
  const repository = world.repository(`for-${name}`, brokenSum);
  const story = await world.start({ instruction: `Mend it (${name}).`, repository, checks });
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', reason: '' });
  const evidence = await expectInvariants(world, story.taskId);
  return { story, evidence, branch: deliveredBranch(repository, end.branch ?? '') };
}

test.concurrent('20 MB of output of one command are kept whole, and the model gets both ends', async () => {
  const { evidence } = await deliver('much-output');
  const observation = evidence.ledger[0]?.record.actions[0]?.observation;
  expect(observation).toMatchObject({ status: 'ok', outputBytes: 20_000_009 });
  const kept = observation?.outputDigest;
  expect(kept && (await world.client.artifact(kept)).byteLength).toBe(20_000_009);
});

test.concurrent('a command that writes without end is ended, and the task goes on', async () => {
  const { evidence } = await deliver('endless-output');
  expect(evidence.ledger[0]?.record.actions[0]?.observation.status).toBe('failed');
});

test.concurrent('a command that hangs is ended after the time that it asked for, and the task goes on', async () => {
  const { evidence } = await deliver('slow-command');
  expect(evidence.ledger[0]?.record.actions[0]?.observation.status).toBe('timed_out');
});

test.concurrent('a check that writes without end fails, and passes once it is mended', async () => {
  const check = { name: 'loud', command: 'test -e calm || yes; node test.js' };
  const { evidence } = await deliver('calms-the-check', [check]);
  expect(evidence.ledger.at(-1)?.record.evaluate.checks).toMatchObject([{ name: 'loud', status: 'passed' }]);
});

test.concurrent('a task whose check hangs can be cancelled, and no process of it is left', async () => {
  const repository = world.repository('hanging-check', brokenSum);
  const check = { name: 'hangs', command: 'touch /tmp/begun; sleep 100000' };
  const story = await world.start({ instruction: 'Mend it (mend).', repository, checks: [check] });
  await untilMade(world, story.taskId, 'begun');
  await world.client.cancel(story.taskId, 'ada');
  expect(await story.end()).toMatchObject({ status: 'cancelled' });
  await expectInvariants(world, story.taskId);
});

test.skipIf(noDiskReason !== undefined)(
  'a full disk as state directory is an error that says so before anything starts',
  async () => {
    const home = join(world.directory, 'full-disk');
    mountSmallDisk(home, 64 * 1024);
    try {
      writeFileSync(join(home, 'fill'), Buffer.alloc(64 * 1024));
    } catch {
      // It is full now.
    }
    const repository = world.repository('on-full-disk', brokenSum);
    const env = { ...world.env, LONGHAUL_HOME: home };
    const { exitCode, stdout, stderr } = await world.cli(
      ['run', '--json', '--repo', repository, 'Mend (mend)'],
      { env },
    ).ended;
    expect(stdout + stderr).toContain('disk.full');
    expect(exitCode).toBe(8);
  },
);

test.skipIf(noDiskReason !== undefined)(
  'a disk that has filled up while the server runs is named, and a task is delivered once there is room',
  async () => {
    const home = join(world.directory, 'filled-disk');
    mountSmallDisk(home, 40 * 1024 * 1024);
    const env = { ...world.env, LONGHAUL_HOME: home };
    const cli = (...args: readonly string[]) => world.cli(args, { env }).ended;
    onTestFinished(async () => void (await cli('down')));
    expect(await cli('up')).toMatchObject({ exitCode: 0 });
    fillDisk(home);
    const repository = world.repository('on-filled-disk', brokenSum);
    const args = ['--repo', repository, '--policy', 'sandboxed', '--check', 'node test.js'];
    const run = ['run', '--json', ...args, 'Mend it (mend)'];
    const refused = await cli(...run);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      code: 'disk.full',
      message: expect.stringContaining(home),
    });
    expect(refused.exitCode).toBe(8);
    rmSync(join(home, 'fill'));
    expect(await cli(...run)).toMatchObject({ exitCode: 0 });
  },
);

function fillDisk(folder: string): void {
  for (const bytes of [1024 * 1024, 4096]) {
    try {
      for (;;) appendFileSync(join(folder, 'fill'), Buffer.alloc(bytes));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}

test.skipIf(noDiskReason !== undefined)(
  'a disk of artifacts that fills up holds a task back until there is room, and loses nothing',
  async () => {
    const own = await openWorld({ scenario, workers: 0 });
    // The disk is taken away first: what is registered last runs first.
    onTestFinished(() => own.close());
    const disk = join(own.home, 'artifacts');
    mountSmallDisk(disk, 40 * 1024 * 1024);
    writeFileSync(join(disk, 'fill'), Buffer.alloc(30 * 1024 * 1024));
    await own.startWorker();
    const repository = own.repository('filling', brokenSum);
    const story = await own.start({ instruction: 'Mend it (much-output).', repository, checks: [sumCheck] });
    const { error } = await story.until('live.retrying');
    expect(error).toContain('full');
    rmSync(join(disk, 'fill'));
    expect(await story.end()).toMatchObject({ status: 'delivered' });
    await expectInvariants(own, story.taskId);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'a state directory that may not be written is an error that says so',
  async () => {
    const home = join(world.directory, 'forbidden');
    mkdirSync(home, { mode: 0o700 });
    const repository = world.repository('of-another', brokenSum);
    // The person has to be able to reach the repository, and nothing of the state.
    chmodSync(world.directory, 0o755);
    const env = {
      ...world.env,
      LONGHAUL_HOME: join(home, 'state'),
      HOME: '/nonexistent',
      XDG_CACHE_HOME: '/nonexistent',
    };
    const { exitCode, stdout, stderr } = await world.cli(
      ['run', '--json', '--repo', repository, 'Mend (mend)'],
      {
        env,
        uid: 65_534,
      },
    ).ended;
    expect(stdout + stderr).toContain('disk.no_permission');
    expect(exitCode).toBe(4);
  },
);

test('a server that is slow to answer counts as one that runs', async () => {
  const own = await openWorld({ scenario, workers: 0 });
  const before = await embeddedServerStatus(own.home);
  if (before.status !== 'running') throw new Error('the server of this world does not run');
  process.kill(before.server.pid, 'SIGSTOP');
  const slow = embeddedServerStatus(own.home);
  // Longer than a connection takes anywhere, as on a machine whose processors are all busy.
  setTimeout(() => process.kill(before.server.pid, 'SIGCONT'), 1500);
  const { status } = await slow;
  await own.close();
  expect(status).toBe('running');
});

test('where the usual port is busy the server takes another, says so, and everything works', async () => {
  const squatter = createServer();
  const take = () =>
    new Promise<void>((resolve, reject) => {
      squatter.removeAllListeners().once('error', reject).once('listening', resolve);
      squatter.listen(7233, '127.0.0.1');
    });
  // A server that has it now may be gone in a moment; one that keeps it for long is as good as this one.
  await vi.waitFor(take, { timeout: 60_000, interval: 200 }).catch(() => undefined);
  const home = join(world.directory, 'other-state');
  const env = { ...world.env, LONGHAUL_HOME: home };
  try {
    const up = await world.cli(['up', '--json'], { env }).ended;
    expect(up.stderr).toContain('port 7233 is busy');
    expect(JSON.parse(up.stdout).server.facts.address).not.toContain(':7233');
    const repository = world.repository('beside-the-port', brokenSum);
    const args = ['--repo', repository, '--policy', 'sandboxed', '--check', 'node test.js'];
    const run = await world.cli(['run', '--json', ...args, 'Mend it (mend)'], { env }).ended;
    expect(run.exitCode).toBe(0);
    expect(statSync(home).mode & 0o777).toBe(0o700);
  } finally {
    await world.cli(['down'], { env }).ended;
    await new Promise((resolve) => squatter.close(resolve));
    rmSync(home, { recursive: true, force: true });
  }
});
