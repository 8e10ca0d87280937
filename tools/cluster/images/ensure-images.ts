import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { elapsed, type Report, withProgress } from '../../../workers/embedded-server/progress.ts';
import type { Environment } from '../../../workers/state-dir.ts';
import { clusterCache } from '../paths.ts';
import { imagesDigest } from '../pins.ts';
import { runProgram } from '../run-program.ts';
import { writeArchive } from './archive.ts';
import { type ImageName, images } from './contents.ts';
import {
  type Making,
  makeKeeperTools,
  makeMuslRoot,
  makePauseRoot,
  makePythonRoot,
  makeTaskRoot,
  strip,
} from './root-file-systems.ts';

/** Where the images of these contents are, or will be; each a file that `ctr images import` takes. */
export const imagesDirectory = (env: Environment) => join(clusterCache(env), `images-${imagesDigest()}`);

export const imageFile = (env: Environment, name: ImageName) =>
  join(imagesDirectory(env), `${images[name].file}.tar`);

/** What `writeKeeperImage` lays over the task image. */
export const keeperToolsFile = (env: Environment) => join(imagesDirectory(env), 'keeper-tools.tar');

export const areImagesMade = (env: Environment) => existsSync(imagesDirectory(env));

/** Makes the images that tasks run in from Debian and npm packages, without a registry; minutes. */
export async function makeImages(report: Report, env: Environment, signal: AbortSignal): Promise<void> {
  const target = imagesDirectory(env);
  if (existsSync(target)) return;
  const since = Date.now();
  const cache = clusterCache(env);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  for (const name of (await readdir(cache)).filter((found) => found.startsWith('images.making-'))) {
    await rm(join(cache, name), { recursive: true, force: true });
  }
  const directory = await mkdtemp(join(cache, 'images.making-'));
  const done = join(directory, 'done');
  await mkdir(done);
  let step = '';
  const write = async (name: ImageName, root: string) => {
    step = `writing ${name}`;
    await strip(root);
    await writeArchive(images[name], root, join(done, `${images[name].file}.tar`), signal);
  };
  const making: Making = { directory, env: { ...env }, signal };
  report('making the images from Debian packages: about 2 minutes, once');
  try {
    await withProgress(
      report,
      () => `making the images: ${step}`,
      async () => {
        step = 'Debian with Python';
        const python = await makePythonRoot(making);
        step = 'git, Node and build tools on top';
        const task = await makeTaskRoot(python, making);
        await write('task', task);
        await write('python', python);
        step = 'busybox and musl';
        await write('musl', await makeMuslRoot(making));
        step = 'tools of the keeper';
        const tools = await makeKeeperTools(making);
        await strip(tools);
        await runProgram('tar', ['-C', tools, '-cf', join(done, 'keeper-tools.tar'), '.'], { signal });
      },
    );
    await rename(done, target);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
  report(`the images are made (${elapsed(since)}): ${target}`);
}

/** The image that pods are held by, from the built programs; at once. */
export async function makePauseImage(programs: string, target: string, signal: AbortSignal): Promise<void> {
  const directory = await mkdtemp(`${target}.making-`);
  try {
    const root = await makePauseRoot(programs, { directory, env: {}, signal });
    await writeArchive(images.pause, root, target, signal);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}
