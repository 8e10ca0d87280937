import { setTimeout as delay } from 'node:timers/promises';
import { vi } from 'vitest';
import { seededRandom } from '../../tools/bench/seeded-random.ts';
import { listWorkers } from '../../workers/worker-processes.ts';
import { kill } from '../helpers/e2e-world.ts';
import type { ChaosTask, ChaosWorld } from './chaos-world.ts';

/** Longer than the heartbeat after which a worker's work is given to another. */
const frozenMs = 4_000;
const downMs = 2_000;
const slowMs = 150;
const limitMs = 120_000;

type Blow = (world: ChaosWorld, pick: number) => Promise<void>;

const workerAt = async (world: ChaosWorld, pick: number) => {
  const workers = await listWorkers(world.home);
  return workers[Math.floor(pick * workers.length)];
};

const blows = {
  'kill -9 of a worker': async (world, pick) => {
    const worker = await workerAt(world, pick);
    if (worker !== undefined) await kill(worker);
    await world.replaceWorkers();
  },
  'kill -9 of every worker': async (world) => {
    await world.killWorkers();
    await world.replaceWorkers();
  },
  'worker frozen for 4 s': async (world, pick) => {
    const worker = await workerAt(world, pick);
    if (worker === undefined) return;
    process.kill(worker.pid, 'SIGSTOP');
    await delay(frozenMs);
    process.kill(worker.pid, 'SIGCONT');
  },
  'server stopped and started': async (world) => {
    await world.stopServer();
    await world.startServer();
  },
  'model server down for 2 s': async (world) => {
    await world.gate.shut();
    await delay(downMs);
    await world.gate.open();
  },
  'artifact store slow from now on': async (world) => world.slowDownStore(slowMs),
} as const satisfies Readonly<Record<string, Blow>>;

type BlowName = keyof typeof blows;

/** What strikes a task, one after the other: each when so many activities more have begun. */
export type Storm = readonly {
  readonly blow: BlowName;
  readonly afterStarts: number;
  readonly pick: number;
}[];

/** Three to six faults at moments of which the seed says which. */
export function stormOf(seed: number): Storm {
  const random = seededRandom(seed);
  const upTo = (count: number) => Math.floor(random() * count);
  const names = Object.keys(blows) as BlowName[];
  return Array.from({ length: 3 + upTo(4) }, () => ({
    blow: names[upTo(names.length)] ?? 'kill -9 of a worker',
    afterStarts: 1 + upTo(5),
    pick: random(),
  }));
}

export const stormText = (storm: Storm): string =>
  storm.map(({ blow, afterStarts }) => `${blow} after ${afterStarts}`).join(', ');

/** Lets a storm go over a task; gives how many of its blows fell before the task had ended. */
export async function strike(world: ChaosWorld, task: ChaosTask, storm: Storm): Promise<number> {
  const hasEnded = () => task.story.events.some(({ type }) => type === 'task.finished');
  const starts = () => world.moments.started(task.taskId).length;
  for (const [index, { blow, afterStarts, pick }] of storm.entries()) {
    const wanted = starts() + afterStarts;
    await vi.waitFor(
      () => {
        if (!hasEnded() && starts() < wanted) throw new Error(`${task.taskId} stands still before ${blow}`);
      },
      { timeout: limitMs, interval: 5 },
    );
    if (hasEnded()) return index;
    await blows[blow](world, pick);
  }
  return storm.length;
}
