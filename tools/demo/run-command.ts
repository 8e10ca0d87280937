import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Runs a program of this checkout with this Node and gives its exit code; shows what it says on standard error only. */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return exitOf(spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] }));
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
