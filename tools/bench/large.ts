import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeRepository } from './large-repository.ts';
import { largeStages } from './large-stages.ts';

const defaultFiles = 100_000;

/** Prints what each stage costs on a repository of 100,000 files and 1 GB, or of as many files as asked for. */
export async function benchLarge(files = defaultFiles): Promise<void> {
  const { path, bytes } = await largeRepository(files);
  console.log(`a repository of ${files} files and ${(bytes / 1e9).toFixed(2)} GB`);
  const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
  try {
    for (const { name, ms } of await largeStages(path, home))
      console.log(`${name.padEnd(44)} ${ms.toFixed(0).padStart(7)} ms`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
