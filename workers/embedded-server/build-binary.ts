import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkGo, goBuild } from '../go-build.ts';
import { type Environment, ensurePrivateDirectory } from '../state-dir.ts';
import { temporalCliVersion } from './binary-version.ts';
import type { Report } from './progress.ts';

const moduleDirectory = fileURLToPath(new URL('../../tools/temporal/', import.meta.url));

/**
 * Builds the pinned Temporal CLI from its Go modules into `target`; minutes on empty caches, seconds on full ones.
 * Throws a plain error with the reason. `target` appears whole or not at all.
 */
export async function buildBinary(target: string, report: Report, environment: Environment): Promise<void> {
  await checkGo(moduleDirectory, environment);
  ensurePrivateDirectory(dirname(target));
  const temporary = `${target}.build-${process.pid}`;
  report(`building the Temporal server ${temporalCliVersion} with Go: about 5 minutes the first time`);
  try {
    await goBuild(
      {
        name: 'the Temporal server',
        moduleDirectory,
        output: temporary,
        packages: ['github.com/temporalio/cli/cmd/temporal'],
        ldflags: `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${temporalCliVersion}`,
      },
      report,
      environment,
    );
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}
