import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { isAtLeast } from './embedded-server/binary-version.ts';
import { type Report, withProgress } from './embedded-server/progress.ts';
import type { Environment } from './state-dir.ts';

/** Why the Go that is on PATH cannot build a module; undefined when it can. Go fetches a newer toolchain itself unless told not to. */
export function goProblem(found: { version: string; toolchain: string }, needed: string): string | undefined {
  if (isAtLeast(found.version, needed)) return undefined;
  const fetchesNewer = isAtLeast(found.version, '1.21') && !/^(local|path|go\d.*)$/.test(found.toolchain);
  return fetchesNewer ? undefined : `Go ${found.version} is on PATH, and ${needed} is needed`;
}

/** Throws a plain error when no Go on PATH can build the module in `moduleDirectory`. */
export async function checkGo(moduleDirectory: string, environment: Environment): Promise<void> {
  const env = { ...environment };
  const goMod = await readFile(join(moduleDirectory, 'go.mod'), 'utf8');
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

export interface GoBuild {
  /** What is built, as the person who waits reads it. */
  readonly name: string;
  readonly moduleDirectory: string;
  /** A file for one package, a folder that exists and a final slash for several. */
  readonly output: string;
  readonly packages: readonly string[];
  readonly ldflags: string;
  readonly tags?: string;
  readonly cgo?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs `go build` on pinned modules and says every two seconds how far it is. Throws a plain error with the last line that Go said. */
export async function goBuild(build: GoBuild, report: Report, environment: Environment): Promise<void> {
  const counts = { modules: 0, packages: 0 };
  let last = '';
  const args = ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', build.ldflags];
  if (build.tags !== undefined) args.push('-tags', build.tags);
  await withProgress(
    report,
    () => `building ${build.name}: ${step(counts)}`,
    async () => {
      const child = spawn('go', [...args, '-o', build.output, ...build.packages], {
        cwd: build.moduleDirectory,
        env: { ...environment, CGO_ENABLED: build.cgo ? '1' : '0', GOWORK: 'off' },
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(build.signal === undefined ? {} : { signal: build.signal }),
      });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', (error) => {
          // One that is stopped still writes until it has ended, which `close` tells.
          if (!build.signal?.aborted) reject(error);
        });
        child.once('close', resolve);
      });
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.startsWith('go: downloading')) counts.modules++;
        else counts.packages++;
        last = line;
      });
      const code = await ended;
      build.signal?.throwIfAborted();
      if (code !== 0) throw new Error(`go build ended with ${code}: ${last.slice(0, 300)}`);
    },
  );
}

function step({ modules, packages }: { readonly modules: number; readonly packages: number }): string {
  if (packages > 0) return `${packages} packages compiled`;
  return modules > 0 ? `${modules} modules downloaded` : 'reading modules';
}
