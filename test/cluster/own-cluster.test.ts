import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { controlGroups } from '../../tools/cluster/control-groups.ts';
import { controlGroupOf, down } from '../../tools/cluster/down.ts';
import { cableOf } from '../../tools/cluster/network.ts';
import { runPaths, sourceDirectory } from '../../tools/cluster/paths.ts';
import { type ClusterState, readState, writeState } from '../../tools/cluster/state.ts';
import { currentSettings } from '../../tools/cluster/system-settings.ts';
import { up } from '../../tools/cluster/up.ts';
import { isRunning } from '../../workers/process-lock.mjs';

const main = join(sourceDirectory, 'main.ts');
const report = (line: string) => process.stderr.write(`second cluster: ${line}\n`);
let directory: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'longhaul-cluster-'));
  env = { ...process.env, LONGHAUL_CLUSTER_DIR: directory };
});

afterEach(async () => {
  await down(directory);
  rmSync(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const cluster = (...args: string[]) =>
  new Promise<Ended>((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const networkNamespace = (pid: number) => readlinkSync(`/proc/${pid}/ns/net`);

/** Every process that is in a network namespace, or in one of a pod on the node that it belongs to. */
function processesIn(namespace: string): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    try {
      return networkNamespace(pid) === namespace;
    } catch {
      // It has ended since, or is a zombie.
      return false;
    }
  });
}

function stateNow(): ClusterState {
  const state = readState(runPaths(directory).state);
  if (state === undefined) throw new Error(`no cluster is recorded in ${directory}`);
  return state;
}

const mountsOf = () => readFileSync('/proc/self/mounts', 'utf8').split('\n').sort();

function leftOf({ slot, parts }: ClusterState, namespace: string) {
  return {
    cable: cableOf(slot),
    groups: controlGroups(controlGroupOf(slot)),
    processes: processesIn(namespace),
    running: parts.filter(isRunning).map(({ name }) => name),
  };
}

const nothing = { cable: undefined, groups: [], processes: [], running: [] };

// This tool is for machines that have no cluster: with another one it is not in use.
describe.skipIf(Boolean(process.env['KUBECONFIG']))('a cluster of this machine', () => {
  test('a second `up` says that it is up, a part that died is named and started again, and `down` leaves nothing', async () => {
    const [mounts, settings] = [mountsOf(), currentSettings()];
    await up({ directory, env, report, signal: new AbortController().signal, images: ['musl'] });
    const state = stateNow();
    const namespace = networkNamespace(state.init?.pid ?? 0);
    expect(processesIn(namespace).length).toBeGreaterThan(state.parts.length);

    const again = await cluster('up');
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('is up already') });
    expect(stateNow()).toEqual(state);
    expect(await cluster('kubectl', 'get', 'nodes', '-o', 'name')).toMatchObject({
      code: 0,
      stdout: 'node/node1\n',
    });
    expect(await cluster('status')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/kubelet +up \d+ s/),
    });

    const scheduler = state.parts.find(({ name }) => name === 'scheduler');
    process.kill(scheduler?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => cluster('status'), { timeout: 20_000 })
      .toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/scheduler +has ended; its log .* ends:\n {2}\S/),
      });

    expect(await cluster('up')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/scheduler has ended, and is started again[\s\S]*is up already/),
    });
    expect(await cluster('status')).toMatchObject({ code: 0 });

    expect(await cluster('down')).toMatchObject({ code: 0 });
    expect(leftOf(state, namespace)).toEqual(nothing);
    expect(mountsOf()).toEqual(mounts);
    expect(currentSettings()).toEqual(settings);
    expect(await cluster('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('no cluster') });
  });

  test('a cluster that ended with a restart of the machine does not take away the one that has its number now', async () => {
    await up({ directory, env, report, signal: new AbortController().signal, images: ['musl'] });
    const state = stateNow();
    const old = mkdtempSync(join(tmpdir(), 'longhaul-cluster-old-'));
    onTestFinished(() => rmSync(old, { recursive: true, force: true }));
    const gone = { pid: 1, startTime: 'before the restart' };
    writeState(runPaths(old).state, { ...state, holder: gone, init: gone, parts: [] });

    expect(await down(old)).toBe(true);
    expect(cableOf(state.slot)).toBeDefined();
    expect(controlGroups(controlGroupOf(state.slot))).not.toEqual([]);
    expect(await cluster('status')).toMatchObject({ code: 0 });
  });

  test('Ctrl-C while it starts takes away what was started', async () => {
    const mounts = mountsOf();
    const child = spawn(process.execPath, [main, 'up'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) if (line.includes('starting the cluster')) break;
    const state = stateNow();
    const namespace = networkNamespace(state.init?.pid ?? 0);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expect(leftOf(state, namespace)).toEqual(nothing);
    expect(mountsOf()).toEqual(mounts);
    expect(readState(runPaths(directory).state)).toBeUndefined();
  });
});
