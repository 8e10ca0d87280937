import { execFile, spawn } from 'node:child_process';
import { readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Environment, ensurePrivateDirectory } from '../state-dir.ts';
import { isAtLeast, temporalCliVersion } from './binary-version.ts';
import { type Report, withProgress } from './progress.ts';

const moduleDirectory = fileURLToPath(new URL('../../tools/temporal/', import.meta.url));

/** Why the Go that is on PATH cannot build the module; undefined when it can. Go fetches a newer toolchain itself unless told not to. */
export function goProblem(found: { version: string; toolchain: string }, needed: string): string | undefined {
  if (isAtLeast(found.version, needed)) return undefined;
  const fetchesNewer = isAtLeast(found.version, '1.21') && !/^(local|path|go\d.*)$/.test(found.toolchain);
  return fetchesNewer ? undefined : `Go ${found.version} is on PATH, and ${needed} is needed`;
}

async function checkGo(env: NodeJS.ProcessEnv): Promise<void> {
  const goMod = await readFile(`${moduleDirectory}go.mod`, 'utf8');
  const needed = /^go (\S+)$/m.exec(goMod)?.[1] ?? '1.26';
  let answer: string;
  try {
    // Outside the module: inside it Go would fetch the newer toolchain before it answers.
    const options = { cwd: '/', env, timeout: 15_000 };
    answer = (await promisify(execFile)('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], options)).stdout;
  } catch {
    throw new Error(`there is no Go on PATH (${needed} or newer would build it)`);
  }
  const [version = '', toolchain = ''] = answer.split('\n').map((line) => line.trim());
  const problem = goProblem({ version: version.replace(/^go/, ''), toolchain }, needed);
  if (problem) throw new Error(problem);
}

/**
 * Builds the pinned Temporal CLI from its Go modules into `target`; minutes on empty caches, seconds on full ones.
 * Throws a plain error with the reason. `target` appears whole or not at all.
 */
export async function buildBinary(target: string, report: Report, environment: Environment): Promise<void> {
  const env = { ...environment, CGO_ENABLED: '0', GOWORK: 'off' };
  await checkGo(env);
  ensurePrivateDirectory(dirname(target));
  const temporary = `${target}.build-${process.pid}`;
  const flags = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${temporalCliVersion}`;
  const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', flags, '-o', temporary];
  const counts = { modules: 0, packages: 0 };
  let last = '';
  report(`building the Temporal server ${temporalCliVersion} with Go: about 5 minutes the first time`);
  const describe = () => `building the Temporal server: ${step(counts)}`;
  try {
    await withProgress(report, describe, async () => {
      const child = spawn('go', [...args, 'github.com/temporalio/cli/cmd/temporal'], {
        cwd: moduleDirectory,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.startsWith('go: downloading')) counts.modules++;
        else counts.packages++;
        last = line;
      });
      const code = await ended;
      if (code !== 0) throw new Error(`go build ended with ${code}: ${last.slice(0, 300)}`);
    });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

function step({ modules, packages }: { readonly modules: number; readonly packages: number }): string {
  if (packages > 0) return `${packages} packages compiled`;
  return modules > 0 ? `${modules} modules downloaded` : 'reading modules';
}
