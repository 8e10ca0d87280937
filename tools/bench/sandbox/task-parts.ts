import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSampleRepository } from '../../demo/sample-repository.ts';
import { benchSpec, openBenchWorld } from '../bench-world.ts';
import { longhaulLoop } from '../longhaul-loop.ts';
import { busyCommands, untilAllEnd } from '../many-tasks.ts';
import { cheapCommands } from '../scenario.ts';
import type { PodWorld } from './pod-world.ts';
import { median, progress, type Row, times, unit } from './table.ts';

const turns = 20;
const rounds = 2;
const tasksAtOnce = 20;

/** What a whole task's loop takes for itself a turn, with each sandbox, in turn. */
export async function loopInPods({ environment }: PodWorld): Promise<readonly Row[]> {
  const found = { local: [] as number[], kubernetes: [] as number[] };
  const more = { local: {}, kubernetes: environment };
  for (let round = 0; round < rounds; round += 1)
    for (const which of ['local', 'kubernetes'] as const) {
      const { turnsMs } = await longhaulLoop(cheapCommands(turns), { environment: more[which] });
      found[which].push(...turnsMs);
      progress(`round ${round + 1}, ${which}: ${times(turnsMs)} a turn`);
    }
  const ratio = (median(found.kubernetes) / median(found.local)).toFixed(2);
  return [
    { what: 'an iteration, local sandbox', found: times(found.local), aim: '' },
    { what: 'an iteration, Kubernetes', found: `${times(found.kubernetes)}: ${ratio} of it`, aim: '' },
  ];
}

/** Twenty whole tasks at once, each of five commands of a tenth of a second. */
export async function manyInPods({ environment }: PodWorld): Promise<readonly Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  const repository = makeSampleRepository();
  const world = await openBenchWorld(busyCommands, home, environment);
  try {
    const ids = Array.from({ length: tasksAtOnce }, (_, index) => `pods-${index}-${Date.now().toString(36)}`);
    const started = await Promise.all(ids.map((id) => world.tasks.start(benchSpec(id, repository, 'ann'))));
    progress(`${started.length} tasks run`);
    const ended = await untilAllEnd(world.tasks, started);
    const wallMs =
      Math.max(...ended.map((one) => one.endedMs)) - Math.min(...ended.map((one) => one.startedMs));
    const each = ended.map((one) => one.endedMs - one.startedMs);
    const found = `${unit(wallMs)} in all, each ${times(each)}`;
    return [{ what: `${tasksAtOnce} whole tasks at once on one node`, found, aim: '' }];
  } finally {
    await world.close();
    rmSync(home, { recursive: true, force: true });
    rmSync(repository, { recursive: true, force: true });
  }
}
