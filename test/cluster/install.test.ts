import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { importWorker } from '../../tools/cluster/images/worker-image.ts';
import { runDirectory, runPaths } from '../../tools/cluster/paths.ts';
import { readState } from '../../tools/cluster/state.ts';
import { forward } from '../helpers/cluster-forward.ts';
import { type Installed, install } from '../helpers/cluster-install.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, countedAndHeld, mendAndDone, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, secrets, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { kubectl } from '../helpers/kubectl.ts';

const { own } = inject('cluster');
/** Whom the images run as. */
const user = 65_532;
const scenario = {
  conversations: [conversation('held', [{ reply: [{ exec_command: countedAndHeld }] }, ...mendAndDone])],
};

/** git refuses a repository of somebody else's. */
const giveTo = (owner: number, directory: string) =>
  void execFileSync('chown', ['-R', `${owner}:${owner}`, directory]);

// The workers inside reach Temporal, the model and the repository on this machine, which another cluster may not; and that one may have an installation that is no test's.
describe.skipIf(own === undefined)('the manifests, installed', () => {
  const stack = new AsyncDisposableStack();
  const address = own?.machineAddress ?? '';
  let world: World;
  let installed: Installed;

  beforeAll(async () => {
    const paths = runPaths(runDirectory(process.env));
    const state = readState(paths.state);
    if (state === undefined) throw new Error('the cluster of the tests is gone');
    await importWorker(paths, state, { env: process.env, signal: new AbortController().signal });
    world = await openWorld({ scenario, workers: 0, env: { LONGHAUL_TASK_QUEUE: 'longhaul' } });
    stack.defer(() => world.close());
    const temporal = JSON.parse(readFileSync(join(world.home, 'server.json'), 'utf8'));
    const ports = [Number(temporal.port), Number(new URL(world.model.url).port)];
    const [server, model] = await Promise.all(
      ports.map(async (port) => stack.use(await forward(address, port)).port),
    );
    for (const path of [world.directory, world.home]) chownSync(path, user, user);
    installed = stack.use(
      await install({
        directory: world.directory,
        env: {
          TEMPORAL_ADDRESS: `${address}:${server}`,
          OPENAI_BASE_URL: `http://${address}:${model}/v1`,
          LONGHAUL_MODEL: 'scripted',
        },
        modelKey: secrets[0],
        replicas: 2,
      }),
    );
  }, 400_000);
  afterAll(() => stack.disposeAsync(), 180_000);

  test('workers in pods run a whole task in other pods, also when each worker is deleted in the middle, and nothing is left of them', async () => {
    const repository = world.repository('sum', brokenSum);
    giveTo(user, repository);
    const story = await world.start({
      instruction: 'Mend the sum. (held)',
      // On the volume: the workers take https, ssh and files, and nobody has made a certificate here.
      repository: `file://${repository}`,
      checks: [sumCheck],
    });
    const ended = story.end();
    const sandbox = await Promise.race([
      vi.waitFor(async () => begun(), { timeout: 120_000, interval: 500 }),
      ended.then((end) => Promise.reject(new Error(`it ended first: ${JSON.stringify(end)}`))),
    ]);

    const before = await installed.readyWorkers();
    expect(before).toHaveLength(2);
    // One after the other, so that whoever had the command is gone for sure, and each time another is there to take it.
    for (const worker of before) {
      await kubectl(['delete', 'pod', worker, '-n', 'longhaul', '--timeout=90s']);
      await vi.waitFor(async () => expect(await installed.readyWorkers()).toHaveLength(2), {
        timeout: 120_000,
        interval: 500,
      });
    }
    expect(await inSandbox(sandbox, 'cat runs.log')).toBe('ran\n');
    await inSandbox(sandbox, 'touch /tmp/go');

    const end = await ended;
    expect(end).toMatchObject({ status: 'delivered' });
    giveTo(0, repository);
    const branch = deliveredBranch(repository, end.branch ?? '');
    expect(branch.read('sum.js')).toContain('a + b');
    expect(branch.read('runs.log')).toBe('ran');
    expect(await kubectl(['get', 'jobs,pods', '-n', 'longhaul-sandboxes', '-o', 'name'])).toBe('');
    const inWorker = ['exec', '-n', 'longhaul', 'deploy/longhaul-worker', '--', 'longhaul'];
    expect(await kubectl([...inWorker, 'ls'])).toContain(story.taskId);

    await installed[Symbol.asyncDispose]();
    const kinds = 'namespaces,priorityclasses,persistentvolumes,clusterroles,clusterrolebindings';
    const left = (await kubectl(['get', kinds, '-o', 'name'])).split('\n');
    expect(left.filter((name) => /longhaul(?!-test-|-demo-)/.test(name))).toEqual([]);
    giveTo(0, world.home);
    const { ledger } = await expectInvariants(world, story.taskId);
    expect(new Set(ledger.map(({ record }) => record.sandbox?.backend))).toEqual(new Set(['kubernetes']));
    expect(existsSync(join(world.home, 'pods')) && world.model.problems()).toEqual([]);
  }, 500_000);

  async function begun(): Promise<string> {
    for (const name of await installed.sandboxes()) {
      await inSandbox(name, 'test -e /tmp/begun');
      return name;
    }
    throw new Error('no command has begun yet');
  }

  const inSandbox = (pod: string, command: string) =>
    kubectl(['exec', '-n', 'longhaul-sandboxes', pod, '-c', 'agent', '--', 'sh', '-c', command]);
});
