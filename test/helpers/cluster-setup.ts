import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down } from '../../tools/cluster/down.ts';
import { images } from '../../tools/cluster/images/contents.ts';
import { addressesOf } from '../../tools/cluster/network.ts';
import { runDirectory, runPaths } from '../../tools/cluster/paths.ts';
import { runProgram } from '../../tools/cluster/run-program.ts';
import { readState } from '../../tools/cluster/state.ts';
import { up } from '../../tools/cluster/up.ts';
import { isRunning, thisProcess } from '../../workers/process-lock.mjs';
import { type Ask, objectsOfLonghaul, refuseLeftovers } from './cluster-leftovers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: TestCluster;
  }
}

export interface TestCluster {
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** What pods of the tests are made of: git, Node, Python, a shell. */
  readonly image: string;
  /** The keeper's; `tools/cluster/images/keeper-image.ts` makes one from the code as it is. */
  readonly keeperImage: string;
  /** Where it is a cluster of this machine's own, what only such a one has; undefined for one from elsewhere. */
  readonly own?: {
    /** The first process of the cluster's namespaces. */
    readonly init: number;
    /** The process that enforces network policy. */
    readonly enforcer: number;
    /** This machine, as pods and the node see it. */
    readonly machineAddress: string;
  };
}

const { env } = process;
const report = (line: string) => process.stderr.write(`cluster: ${line}\n`);

/**
 * Runs of the tests that use a cluster which tests have started: the last one ends it. Runs that were killed do not count.
 * A cluster that a person started is left alone.
 */
function usersOf(directory: string) {
  const folder = join(directory, 'test-runs');
  const own = join(folder, String(process.pid));
  return {
    startedByTests: () => existsSync(folder),
    enter: () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(own, JSON.stringify(thisProcess()));
    },
    leave: () => {
      rmSync(own);
      const others = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
      const last = !others.some(isRunning);
      if (last) rmSync(folder, { recursive: true });
      return { last };
    },
  };
}

/** The cluster that KUBECONFIG names, else one on this machine; fails where none can be had. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const image = env['LONGHAUL_TASK_IMAGE'] ?? images.task.reference;
  const keeperImage = env['LONGHAUL_KEEPER_IMAGE'] ?? images.keeper.reference;
  const chosen = env['KUBECONFIG'];
  if (chosen !== undefined && chosen !== '') {
    report(`using the cluster of KUBECONFIG=${chosen.split(delimiter).join(' and ')}, image ${image}`);
    await runProgram('kubectl', ['version'], { env });
    project.provide('cluster', { kubeconfig: chosen, kubectl: 'kubectl', image, keeperImage });
    const ask: Ask = (args) => runProgram('kubectl', args, { env });
    const before = await objectsOfLonghaul(ask);
    return () => refuseLeftovers(ask, before);
  }
  const directory = runDirectory(env);
  const users = usersOf(directory);
  const { signal } = new AbortController();
  const { kubeconfig, programs, started } = await up({ directory, env, report, signal });
  const toBeEnded = started || users.startedByTests();
  if (toBeEnded) users.enter();
  const state = readState(runPaths(directory).state);
  if (state?.init === undefined) throw new Error(`the cluster in ${directory} was ended by somebody else`);
  const own = {
    init: state.init.pid,
    enforcer: state.parts.find(({ name }) => name === 'net-policy')?.pid ?? 0,
    machineAddress: addressesOf(state.slot).machine,
  };
  const kubectl = join(programs, 'kubectl');
  project.provide('cluster', { kubeconfig, kubectl, image, keeperImage, own });
  // No proxy leads to an address that only this machine has.
  const direct = { ...env, KUBECONFIG: kubeconfig, NO_PROXY: '*', no_proxy: '*' };
  const ask: Ask = (args) => runProgram(kubectl, args, { env: direct });
  const before = await objectsOfLonghaul(ask);
  return async () => {
    const last = !toBeEnded || users.leave().last;
    // What other runs still use is theirs.
    if (!last) return;
    try {
      await refuseLeftovers(ask, before);
    } finally {
      if (toBeEnded) await down(directory);
    }
  };
}
