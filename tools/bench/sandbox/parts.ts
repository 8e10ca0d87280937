import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CommitIdSchema } from '../../../contracts/ids.ts';
import { makeSampleRepository } from '../../demo/sample-repository.ts';
import { largeInPod } from './large-part.ts';
import { coldLease, type Source, warmLease, warmStep } from './lease-parts.ts';
import type { Part } from './main.ts';
import { openPodWorld, type PodWorld } from './pod-world.ts';
import { printTable, type Row } from './table.ts';
import { loopInPods, manyInPods } from './task-parts.ts';

const all: Readonly<Record<Part, (world: PodWorld, source: Source) => Promise<readonly Row[]>>> = {
  cold: coldLease,
  warm: warmLease,
  step: warmStep,
  large: largeInPod,
  loop: loopInPods,
  many: manyInPods,
};

/** Runs parts of the bench one after the other on one cluster, and prints what they found as a table, also when a later one fails. */
export async function runBench(parts: readonly Part[]): Promise<void> {
  const world = await openPodWorld();
  const rows: Row[] = [];
  try {
    const source = sampleSource();
    for (const part of parts) {
      console.log(part);
      rows.push(...(await all[part](world, source)));
    }
  } finally {
    printTable(rows);
    await world.close();
  }
}

function sampleSource(): Source {
  const repository = makeSampleRepository();
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repository, encoding: 'utf8' });
  return { gitDir: join(repository, '.git'), commit: CommitIdSchema.parse(head.trim()) };
}
