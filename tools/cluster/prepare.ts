import { join } from 'node:path';
import type { Report } from '../../workers/embedded-server/progress.ts';
import { withProcessLock } from '../../workers/process-lock.mjs';
import type { Environment } from '../../workers/state-dir.ts';
import { areProgramsBuilt, buildPrograms, programsDirectory } from './build-programs.ts';
import { areImagesMade, imagesDirectory, makeImages } from './images/ensure-images.ts';
import { ensurePackages, searchPath } from './packages.ts';
import { clusterCache } from './paths.ts';
import { sweepCache } from './sweep-cache.ts';
import { waiting } from './wait.ts';

export interface Preparing {
  readonly env: Environment;
  readonly report: Report;
  readonly signal: AbortSignal;
}

const needsOf = (env: Environment) => ({ build: !areProgramsBuilt(env), images: !areImagesMade(env) });

/** Gets packages, programs and images where they are missing; of two at once one builds. Throws a `ClusterProblem`. */
export async function prepare({ env, report, signal }: Preparing): Promise<void> {
  const { build, images } = needsOf(env);
  // Whoever has all of it does not wait for one who builds another version.
  if (!build && !images) {
    await ensurePackages({ build, images }, report, env, signal);
    await sweepCache(clusterCache(env), [programsDirectory(env), imagesDirectory(env)]);
    return;
  }
  const onWait = waiting(report, 'waiting for another process that builds programs and images', signal);
  await withProcessLock(join(clusterCache(env), 'lock'), { onWait }, async () => {
    await ensurePackages(needsOf(env), report, env, signal);
    await makeBoth(env, report, signal);
    await sweepCache(clusterCache(env), [programsDirectory(env), imagesDirectory(env)]);
  });
}

/** Together: one uses the processor, the other mostly the network and the disk. What fails stops the other. */
async function makeBoth(env: Environment, report: Report, signal: AbortSignal): Promise<void> {
  const inside = { ...env, PATH: searchPath(env) };
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const works = [buildPrograms(report, inside, either), makeImages(report, inside, either)];
  const watched = works.map((work) => work.catch((error: unknown) => failed.abort(error)));
  await Promise.all(watched);
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}
