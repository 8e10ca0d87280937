import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, type Environment, stateDirectory } from '../workers/state-dir.ts';

/**
 * The models file for a copy: profiles and prices decide how the model is spoken to and what a budget allows, so they are those of the
 * person's home. Throws `disk.no_permission` where that has one that cannot be read.
 */
export async function modelsFile(env: Environment, directory: string): Promise<string> {
  const named = env['LONGHAUL_MODELS_FILE'];
  if (named !== undefined && named.trim() !== '') return named.trim();
  const copy = join(directory, 'models.yaml');
  await writeFile(copy, await textOf(join(stateDirectory(env), 'models.yaml')));
  return copy;
}

/** Empty where there is none. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw diskError(error, `read ${file}`);
  }
}
