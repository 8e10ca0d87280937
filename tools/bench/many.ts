import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { type BenchWorld, benchSpec, openBenchWorld } from './bench-world.ts';
import { busyCommands, mostAtOnce, type TaskTimes, untilAllEnd } from './many-tasks.ts';
import { spread } from './percentiles.ts';
import { watchMemory } from './process-memory.ts';

const mega = 1024 * 1024;

/** Fifty tasks at once on one worker, then one person's task beside forty of another: throughput, waiting, fairness, memory. */
export async function benchMany(count = 50, crowd = 40): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  const world = await openBenchWorld(busyCommands, home);
  try {
    const repository = makeSampleRepository();
    const run = (name: string, number: number, by: string) => start(world, repository, { name, number, by });
    const [alone] = await untilAllEnd(world.tasks, await run('alone', 1, 'ann'));
    const aloneMs = alone === undefined ? 0 : elapsed(alone);
    console.log(`alone                        ${seconds(aloneMs)}`);

    const stop = watchMemory(world);
    report(`${count} at once`, await untilAllEnd(world.tasks, await run('all', count, 'ann')), aloneMs);
    const peaks = stop();
    console.log(
      `most memory                  worker ${(peaks.workerBytes / mega).toFixed(0)} MiB, server ${(peaks.serverBytes / mega).toFixed(0)} MiB, ${peaks.keepers} keepers ${(peaks.keepersBytes / mega).toFixed(0)} MiB, ${peaks.sandboxProcesses} processes in sandboxes`,
    );

    const ann = await run('ann', crowd, 'ann');
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const bob = await run('bob', 1, 'bob');
    const [bobs] = await untilAllEnd(world.tasks, bob);
    if (bobs !== undefined) console.log(`1 of bob beside ${crowd} of ann    ${seconds(elapsed(bobs))}`);
    report(`the ${crowd} of ann`, await untilAllEnd(world.tasks, ann), aloneMs);
  } finally {
    await world.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function start(
  { tasks }: BenchWorld,
  repository: string,
  { name, number, by }: { readonly name: string; readonly number: number; readonly by: string },
) {
  const ids = Array.from({ length: number }, (_, index) => `${name}-${index}-${Date.now().toString(36)}`);
  return Promise.all(ids.map((id) => tasks.start(benchSpec(id, repository, by))));
}

function report(what: string, times: readonly TaskTimes[], aloneMs: number): void {
  const all = times.map(elapsed);
  const wallMs = Math.max(...times.map((t) => t.endedMs)) - Math.min(...times.map((t) => t.startedMs));
  const waiting = spread(all.map((ms) => Math.max(0, ms - aloneMs)));
  const { max } = spread(all);
  console.log(
    `${what.padEnd(28)} ${((times.length * 60_000) / wallMs).toFixed(1)} tasks a minute, waiting p50 ${seconds(waiting.p50)} p95 ${seconds(waiting.p95)}, slowest : fastest ${(max / Math.min(...all)).toFixed(2)}, most commands at once ${mostAtOnce(times.flatMap((t) => t.commands))}, most tries of a plan ${Math.max(...times.map((t) => t.mostTries))}`,
  );
}

function elapsed({ startedMs, endedMs }: TaskTimes): number {
  return endedMs - startedMs;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
