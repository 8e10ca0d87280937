import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { workflowBundle } from '../../../workers/bundle.ts';
import type { RunPaths } from '../paths.ts';
import { runProgram } from '../run-program.ts';
import type { ClusterState } from '../state.ts';
import { type ImportOptions, importLayered } from './layered-image.ts';

/** The task image with Longhaul whole. */
export const workerImage = 'localhost/longhaul/worker:dev';

const project = fileURLToPath(new URL('../../../', import.meta.url));
/** What the command line and the worker are made of; nothing is built. */
const code = [
  ...['bin', 'cli', 'client', 'contracts', 'policy', 'workflows', 'activities', 'k8s', 'sandbox', 'models'],
  ...['artifacts', 'forge', 'workers', 'drill', 'samples', 'docs/errors', 'tools/temporal', 'package.json'],
];

/** Made here, as a package ships it: a worker that bundles its workflows itself takes ten seconds more to start. */
const bundle = '/opt/longhaul/workflow-bundle.js';

const LockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().default(false), devOptional: z.boolean().default(false) }),
  ),
});

/** Node is in the image already, and of the SDK's binaries one fits. */
const unneeded = ['apple-darwin', 'pc-windows-msvc', process.arch === 'x64' ? 'aarch64' : 'x86_64'];
const excluded = ['node_modules/node', ...unneeded.map((what) => `core-bridge/releases/*${what}*`)];

/** Gives a running cluster the worker's image of the code as it is now; half a minute, so only those who want it ask for it. */
export async function importWorker(
  paths: RunPaths,
  state: Pick<ClusterState, 'init' | 'programs'>,
  options: ImportOptions,
): Promise<void> {
  const fill = async (root: string) => {
    const place = join(root, 'opt/longhaul');
    const packages = await runtimePackages();
    await mkdir(place, { recursive: true });
    const archive = join(root, 'code.tar');
    const exclude = excluded.map((pattern) => `--exclude=${pattern}`);
    await runProgram('tar', ['-C', project, ...exclude, '-cf', archive, ...code, ...packages], options);
    await runProgram('tar', ['-C', place, '-xf', archive], options);
    await rm(archive);
    await cp((await workflowBundle()).codePath, join(root, bundle));
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    await symlink('/opt/longhaul/bin/longhaul', join(root, 'usr/local/bin/longhaul'));
  };
  const env = [`LONGHAUL_WORKFLOW_BUNDLE=${bundle}`];
  await importLayered({ reference: workerImage, env, fill }, paths, state, options);
}

/** The folders of the packages that the product has at run time, without those inside of others. */
async function runtimePackages(): Promise<readonly string[]> {
  const lock = LockSchema.parse(JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')));
  const wanted = Object.entries(lock.packages).filter(([, { dev, devOptional }]) => !dev && !devOptional);
  const paths = wanted.map(([path]) => path).filter((path) => path.split('node_modules/').length === 2);
  // Optional ones of other platforms are not there.
  return paths.filter((path) => existsSync(join(project, path)));
}
