import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import { workerVersion } from '../workflows/worker-version.ts';
import { workflowBundle } from './bundle.ts';
import type { Environment } from './state-dir.ts';

/** What a worker runs: the file of its workflow code and the name of that version. */
export interface WorkerBuild {
  /** The version of Longhaul and 12 hex digits of the digest of the workflow code: `0.1.0-3f2a9c81d4e5`. */
  readonly buildId: string;
  readonly codePath: string;
}

/**
 * The build that this program runs. `LONGHAUL_WORKFLOW_BUNDLE` names another file of workflow code, which runs with this program's
 * activities: a kept one (see `keepBundle`) has its build's name, any other counts as a build of this version.
 * Throws `config.invalid` for a file that cannot be read.
 */
export async function workerBuild(env: Environment = process.env): Promise<WorkerBuild> {
  const given = env['LONGHAUL_WORKFLOW_BUNDLE'];
  if (given === undefined || given === '') {
    const { codePath } = await workflowBundle();
    return { buildId: await buildIdOf(codePath), codePath };
  }
  if (!isAbsolute(given)) throw unusable(given, 'it must be an absolute path');
  const buildId = await buildIdOf(given).catch((error: unknown) => {
    throw unusable(given, error instanceof Error ? error.message : String(error));
  });
  const kept = basename(given, '.js');
  const isKept = kept.endsWith(`-${buildId.split('-').at(-1)}`);
  return { buildId: isKept ? kept : buildId, codePath: given };
}

async function buildIdOf(codePath: string): Promise<string> {
  const bundle = await readFile(codePath, 'utf8');
  // The source map names the folder that the bundle was made in: the same code is the same build everywhere.
  const [code = ''] = bundle.split('\n//# sourceMappingURL=', 1);
  const digest = createHash('sha256').update(code).digest('hex');
  return `${workerVersion()}-${digest.slice(0, 12)}`;
}

function unusable(path: string, reason: string): LonghaulError {
  return new LonghaulError(
    'config.invalid',
    `LONGHAUL_WORKFLOW_BUNDLE names ${path}, which cannot be used: ${reason}. Name a file of workflow code, or unset it.`,
  );
}
