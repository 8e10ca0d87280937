import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeRepository } from './large-repository.ts';
import { largeStages, type Stage } from './large-stages.ts';
import { largeTask } from './large-task.ts';

const defaultFiles = 100_000;

/** Prints what each stage costs on a repository of 100,000 files and 1 GB, or of as many files as asked for. */
export async function benchLarge(files = defaultFiles): Promise<void> {
  const { path, bytes } = await largeRepository(files);
  console.log(`a repository of ${files} files and ${(bytes / 1e9).toFixed(2)} GB`);
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  try {
    const clone = join(home, 'clone');
    print(await largeStages(path, join(home, 'stages'), clone));
    console.log('a whole task, from its start');
    print(await largeTask(clone, join(home, 'task')));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function print(stages: readonly Stage[]): void {
  for (const { name, ms } of stages) console.log(`${name.padEnd(52)} ${ms.toFixed(0).padStart(7)} ms`);
}
