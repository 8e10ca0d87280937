import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runProgram } from '../run-program.ts';
import type { Image } from './contents.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Writes a root file system as an image of one layer that `ctr images import` takes (docker-archive). The same files give the
 * same bytes: names in order, no times, so that the image's digest says what is in it.
 */
export async function writeArchive(
  image: Image,
  root: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const staging = `${target}.staging`;
  await mkdir(staging, { recursive: true });
  try {
    const layer = join(staging, 'layer.tar');
    const steady = ['--numeric-owner', '--sort=name', '--mtime=@0'];
    await runProgram('tar', [...steady, '-C', root, '-cf', layer, '.'], { signal });
    const config = configText(image, await sha256(layer));
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
    await writeFile(join(staging, configName), config);
    const manifest = [{ Config: configName, RepoTags: [image.reference], Layers: ['layer.tar'] }];
    await writeFile(join(staging, 'manifest.json'), JSON.stringify(manifest));
    const parts = [configName, 'manifest.json', 'layer.tar'];
    await runProgram('tar', [...steady, '-C', staging, '-cf', target, ...parts], { signal });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function configText(image: Image, layerDigest: string): string {
  const created = '1970-01-01T00:00:00Z';
  return JSON.stringify({
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    created,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: image.entrypoint,
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created, created_by: 'npm run cluster' }],
  });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
