import { setTimeout as delay } from 'node:timers/promises';
import { vi } from 'vitest';
import { seededRandom } from '../../../tools/bench/seeded-random.ts';
import type { PartName } from '../../../tools/cluster/parts.ts';
import { runDirectory, runPaths } from '../../../tools/cluster/paths.ts';
import { restartParts } from '../../../tools/cluster/restart-parts.ts';
import { readState } from '../../../tools/cluster/state.ts';
import { isRunning } from '../../../workers/process-lock.mjs';
import { listWorkers } from '../../../workers/worker-processes.ts';
import type { ClusterWorld } from '../../helpers/cluster-world.ts';
import { kill } from '../../helpers/e2e-world.ts';
import { kubectl } from '../../helpers/kubectl.ts';
import { lastStruck } from './long-task.ts';

const { env } = process;
const report = (line: string) => process.stderr.write(`cluster: ${line.split('\n')[0]}\n`);
const restartLimitMs = 120_000;

/** Ends parts of the cluster as `kill -9` does; its data stays. Then starts what has ended, that which could not live without them too. */
async function strikePart(name: PartName): Promise<void> {
  const paths = runPaths(runDirectory(env));
  const stateNow = () => {
    const state = readState(paths.state);
    if (state === undefined) throw new Error('the cluster is gone');
    return state;
  };
  const part = stateNow().parts.find((one) => one.name === name);
  if (part === undefined || !isRunning(part)) throw new Error(`${name} does not run`);
  await kill(part);
  const { signal } = new AbortController();
  await vi.waitFor(() => restartParts(stateNow(), paths, { env, report, signal }), {
    timeout: restartLimitMs,
    interval: 200,
  });
}

const blows = {
  'kill -9 of the worker': async ({ world }) => {
    for (const worker of await listWorkers(world.home)) await kill(worker);
    await world.startWorker();
  },
  "the task's pod deleted at once": async ({ namespace }) => {
    await kubectl([
      'delete',
      'pods',
      '--all',
      '-n',
      namespace,
      '--grace-period=0',
      '--force',
      '--wait=false',
    ]);
  },
  'kill -9 of the kubelet': () => strikePart('kubelet'),
  'kill -9 of containerd': () => strikePart('containerd'),
  'kill -9 of the API server': () => strikePart('apiserver'),
  'kill -9 of etcd': () => strikePart('etcd'),
} as const satisfies Readonly<Record<string, (cluster: ClusterWorld) => Promise<void>>>;

export type BlowName = keyof typeof blows;
export const blowNames = Object.keys(blows) as readonly BlowName[];

/** What strikes a task: a while after an iteration has its plan. */
export interface Strike {
  readonly blow: BlowName;
  readonly iteration: number;
  readonly afterMs: number;
}

/** About as long as an iteration takes from its plan to its record. */
const longestAfterMs = 1_500;

/** These blows in an order and at moments that the seed gives, one after the other. */
export function strikesOf(names: readonly BlowName[], seed: number): readonly Strike[] {
  const random = seededRandom(seed);
  const order = names.map((blow) => ({ blow, at: random() })).sort((a, b) => a.at - b.at);
  const room = lastStruck / order.length;
  return order.map(({ blow }, index) => ({
    blow,
    iteration: 1 + Math.floor((index + random()) * room),
    afterMs: Math.floor(random() * longestAfterMs),
  }));
}

export const strikeText = ({ blow, iteration, afterMs }: Strike): string =>
  `${blow} ${afterMs} ms after the plan of iteration ${iteration}`;

export async function strike(cluster: ClusterWorld, { blow, afterMs }: Strike): Promise<void> {
  await delay(afterMs);
  await blows[blow](cluster);
}
