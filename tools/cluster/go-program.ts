import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../workers/embedded-server/progress.ts';
import { checkGo, goBuild } from '../../workers/go-build.ts';
import { withProcessLock } from '../../workers/process-lock.mjs';
import type { Environment } from '../../workers/state-dir.ts';
import { clusterCache } from './paths.ts';

export interface GoProgram {
  /** The folder with the `go.mod` that pins it. */
  readonly moduleDirectory: string;
  readonly package: string;
  readonly file: string;
}

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = 'go.temporal.io/server/cmd';

/** What only tests and CI need; most of their packages are compiled for the cluster and for the embedded server already. */
export const goPrograms = {
  helm: { moduleDirectory: folder('./helm'), package: 'helm.sh/helm/v4/cmd/helm', file: 'helm' },
  temporalServer: {
    moduleDirectory: folder('../temporal'),
    package: `${server}/server`,
    file: 'temporal-server',
  },
  temporalSqlTool: {
    moduleDirectory: folder('../temporal'),
    package: `${server}/tools/sql`,
    file: 'temporal-sql-tool',
  },
} as const satisfies Record<string, GoProgram>;

/** Gives the path of a program, built when nobody has yet, a minute or two. Throws a plain error with the reason. */
export async function goProgram(program: GoProgram, env: Environment, report: Report): Promise<string> {
  const { moduleDirectory, file } = program;
  const hash = createHash('sha256').update(`${process.arch} ${program.package}\n`);
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleDirectory, name)));
  const target = join(clusterCache(env), `program-${hash.digest('hex').slice(0, 16)}`, file);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await withProcessLock(`${target}.lock`, {}, async () => {
    if (existsSync(target)) return;
    await checkGo(moduleDirectory, env);
    const output = `${target}.build-${process.pid}`;
    const build = { name: basename(file), moduleDirectory, output, packages: [program.package] };
    try {
      await goBuild({ ...build, ldflags: '-s -w' }, report, env);
      await rename(output, target);
    } finally {
      await rm(output, { force: true });
    }
  });
  return target;
}
