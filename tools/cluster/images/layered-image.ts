import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Environment } from '../../../workers/state-dir.ts';
import { runInside } from '../box.ts';
import { ctrArguments } from '../parts.ts';
import type { RunPaths } from '../paths.ts';
import { runProgram } from '../run-program.ts';
import type { ClusterState } from '../state.ts';
import { images } from './contents.ts';
import { imageFile } from './ensure-images.ts';

/** An image that lies over the task image. */
export interface LayeredImage {
  readonly reference: string;
  /** Variables on top of the task image's, `NAME=value`. */
  readonly env: readonly string[];
  /** Puts what it has beyond the task image into an empty folder. */
  fill(root: string): Promise<void>;
}

export interface ImportOptions {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

const mediaType = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Gives a running cluster an image of what is there now. One without the task image has nothing to lay it on: nothing happens. */
export async function importLayered(
  image: LayeredImage,
  paths: RunPaths,
  { init, programs }: Pick<ClusterState, 'init' | 'programs'>,
  { env, signal }: ImportOptions,
): Promise<void> {
  const ctr = (...args: string[]) =>
    runInside(init?.pid ?? 0, join(programs, 'ctr'), ctrArguments(...args), { signal });
  const base = await ctr('images', 'list', '--quiet', `name==${images.task.reference}`);
  if (base.trim() === '') return;
  const directory = await mkdtemp(join(paths.data, 'image.making-'));
  try {
    const archive = join(directory, 'image.tar');
    await writeLayered(image, imageFile(env, 'task'), archive, signal);
    await ctr('images', 'import', archive);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Writes an image: the layer of the task image, which containerd has already and which is left out here, and one of its own. An OCI image
 * layout, https://github.com/opencontainers/image-spec
 */
async function writeLayered(
  { reference, env, fill }: LayeredImage,
  task: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const directory = `${target}.parts`;
  const layout = join(directory, 'layout');
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const keep = async (value: unknown): Promise<Blob> => {
    const bytes = JSON.stringify(value);
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) };
  };
  const base = await readBase(task, signal);
  const layer = await makeLayer(directory, fill, blobs, signal);
  const { rootfs, history, config: settings, ...rest } = base.config;
  const config = await keep({
    ...rest,
    config: { ...settings, Env: [...(settings.Env ?? []), ...env] },
    rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, layer.digest] },
    history: [...history, ...history],
  });
  const layers = [base.layer, layer].map((blob) => ({ mediaType: mediaType.layer, ...blob }));
  const manifest = await keep({
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    config: { mediaType: mediaType.config, ...config },
    layers,
  });
  const annotations = { 'io.containerd.image.name': reference };
  const manifests = [{ mediaType: mediaType.manifest, ...manifest, annotations }];
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await runProgram('tar', ['-C', layout, '-cf', target, '.'], { signal });
}

async function makeLayer(
  directory: string,
  fill: LayeredImage['fill'],
  blobs: string,
  signal: AbortSignal,
): Promise<Blob> {
  const root = join(directory, 'root');
  await mkdir(root);
  await fill(root);
  const file = join(directory, 'layer.tar');
  const steady = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0'];
  await runProgram('tar', [...steady, '-C', root, '-cf', file, '.'], { signal });
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const hex = hash.digest('hex');
  const { size } = await stat(file);
  await rename(file, join(blobs, hex));
  return { digest: `sha256:${hex}`, size };
}

interface ImageConfig {
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history: readonly unknown[];
  readonly config: { readonly Env?: readonly string[] };
}

/** The one layer of an image that `writeArchive` wrote, and its configuration. */
async function readBase(
  archive: string,
  signal: AbortSignal,
): Promise<{ readonly config: ImageConfig; readonly layer: Blob }> {
  const member = (name: string) => runProgram('tar', ['-xOf', archive, name], { signal });
  const [manifest] = JSON.parse(await member('manifest.json')) as readonly { readonly Config: string }[];
  const config = JSON.parse(await member(manifest?.Config ?? '')) as ImageConfig;
  const listed = await runProgram('tar', ['--numeric-owner', '-tvf', archive, 'layer.tar'], { signal });
  return { config, layer: { digest: config.rootfs.diff_ids[0] ?? '', size: Number(listed.split(/\s+/)[2]) } };
}
