import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../../workers/state-dir.ts';
import { runInside } from '../box.ts';
import { ctrArguments } from '../parts.ts';
import type { RunPaths } from '../paths.ts';
import { runProgram } from '../run-program.ts';
import type { ClusterState } from '../state.ts';
import { images } from './contents.ts';
import { imageFile, keeperToolsFile } from './ensure-images.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));
/** What the keeper's program is made of, and the one package that it imports. */
const code = ['contracts', 'sandbox', 'package.json', 'node_modules/zod'];
const mediaType = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Gives a running cluster the keeper's image of the code as it is now: a second, each time. One without the task image has nothing to lay it on. */
export async function importKeeper(
  paths: RunPaths,
  { init, programs }: Pick<ClusterState, 'init' | 'programs'>,
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<void> {
  const ctr = (...args: string[]) =>
    runInside(init?.pid ?? 0, join(programs, 'ctr'), ctrArguments(...args), { signal });
  const base = await ctr('images', 'list', '--quiet', `name==${images.task.reference}`);
  if (base.trim() === '') return;
  const archive = join(paths.data, 'keeper.tar');
  await writeKeeperImage(env, archive, signal);
  await ctr('images', 'import', archive);
  await rm(archive);
}

/**
 * Writes the keeper's image from the code as it is: the layer of the task image, which containerd has already and which is left out here, and
 * one with the keeper's tools and program. An OCI image layout, https://github.com/opencontainers/image-spec
 */
async function writeKeeperImage(env: Environment, target: string, signal: AbortSignal): Promise<void> {
  const directory = await mkdtemp(`${target}.making-`);
  const blobs = join(directory, 'layout', 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const keep = async (bytes: Buffer): Promise<Blob> => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.byteLength };
  };
  try {
    const base = await readBase(imageFile(env, 'task'), signal);
    const layer = await keep(await makeLayer(env, directory, signal));
    const { rootfs, history, ...rest } = base.config;
    const config = await keep(
      json({
        ...rest,
        rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, layer.digest] },
        history: [...history, ...history],
      }),
    );
    const layers = [base.layer, layer].map((blob) => ({ mediaType: mediaType.layer, ...blob }));
    const manifest = await keep(
      json({
        schemaVersion: 2,
        mediaType: mediaType.manifest,
        config: { mediaType: mediaType.config, ...config },
        layers,
      }),
    );
    const annotations = { 'io.containerd.image.name': images.keeper.reference };
    const layout = join(directory, 'layout');
    const index = {
      schemaVersion: 2,
      manifests: [{ mediaType: mediaType.manifest, ...manifest, annotations }],
    };
    await writeFile(join(layout, 'index.json'), json(index));
    await writeFile(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    await runProgram('tar', ['-C', layout, '-cf', target, '.'], { signal });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

async function makeLayer(env: Environment, directory: string, signal: AbortSignal): Promise<Buffer> {
  const root = join(directory, 'root');
  const place = join(root, 'opt/longhaul');
  await mkdir(place, { recursive: true });
  await runProgram('tar', ['-C', root, '-xf', keeperToolsFile(env)], { signal });
  for (const name of code) await cp(join(project, name), join(place, name), { recursive: true });
  const file = join(directory, 'layer.tar');
  const steady = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0'];
  await runProgram('tar', [...steady, '-C', root, '-cf', file, '.'], { signal });
  return await readFile(file);
}

interface ImageConfig {
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history: readonly unknown[];
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
