import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ran {
  readonly code: number;
  /** Empty unless captured. */
  readonly stdout: string;
}

/** Runs a program of this checkout with this Node: `show` gives it the terminal, `capture` keeps its standard output, `quiet` shows errors only. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: 'show' | 'capture' | 'quiet',
): Promise<Ran> {
  const stdout = { show: 'inherit', capture: 'pipe', quiet: 'ignore' } as const;
  const child = spawn(process.execPath, args, {
    env,
    stdio: [output === 'show' ? 'inherit' : 'ignore', stdout[output], 'inherit'],
  });
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const captured = child.stdout === null ? '' : await text(child.stdout);
  return { code: await exit, stdout: captured };
}
