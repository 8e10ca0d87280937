import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

type Output = 'show' | 'quiet';

/** Runs a program of this checkout with this Node and gives its exit code: `show` lends it the terminal, `quiet` shows errors only. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output,
): Promise<number> {
  const stdio = output === 'show' ? ('inherit' as const) : ('ignore' as const);
  return exitOf(spawn(process.execPath, args, { env, stdio: [stdio, stdio, 'inherit'] }));
}

/** Starts such a program and gives the first line that it prints, as soon as it does; null when it ends without one. */
export async function firstLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly line: string | null; readonly exit: Promise<number> }> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = exitOf(child);
  for await (const line of createInterface({ input: child.stdout })) return { line, exit };
  return { line: null, exit };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
