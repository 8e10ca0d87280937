import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunPaths } from '../paths.ts';
import { runProgram } from '../run-program.ts';
import type { ClusterState } from '../state.ts';
import { compile } from './compile-keeper.ts';
import { images } from './contents.ts';
import { keeperToolsFile } from './ensure-images.ts';
import { type ImportOptions, importLayered } from './layered-image.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));
/** What the keeper's program is made of, and the packages that it and the egress proxy import. */
const code = ['contracts', 'sandbox', 'package.json', 'node_modules/zod', 'node_modules/jose'];

/** Gives a running cluster the keeper's image of the code as it is now: a second, each time. */
export async function importKeeper(
  paths: RunPaths,
  state: Pick<ClusterState, 'init' | 'programs'>,
  options: ImportOptions,
): Promise<void> {
  const fill = async (root: string) => {
    const place = join(root, 'opt/longhaul');
    await mkdir(place, { recursive: true });
    await runProgram('tar', ['-C', root, '-xf', keeperToolsFile(options.env)], { signal: options.signal });
    for (const name of code) await cp(join(project, name), join(place, name), { recursive: true });
    await compile(place, options.signal);
  };
  await importLayered({ reference: images.keeper.reference, env: [], fill }, paths, state, options);
}
