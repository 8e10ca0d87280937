import { spawn } from 'node:child_process';
import { ClusterProblem } from './problem.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** What the program is sent when `signal` says to stop; SIGTERM by default. */
  readonly killSignal?: NodeJS.Signals;
}

/**
 * Runs a program to its end and gives what it printed to stdout.
 * Throws a `ClusterProblem` with the end of what it printed when it cannot be started or fails.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { input, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let both = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      both = (both + chunk.toString()).slice(-16_384);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      both = (both + chunk.toString()).slice(-16_384);
    });
    // A program that ends before it has read its input is told by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    const called = [program, ...args].join(' ').slice(0, 300);
    child.once('error', (cause) => {
      // One that is stopped still writes until it has ended, which `close` tells.
      if (!options.signal?.aborted) reject(new ClusterProblem(`${called}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signalName) => {
      if (options.signal?.aborted) reject(options.signal.reason);
      else if (code === 0) resolve(stdout);
      else reject(new ClusterProblem(`${called} ended with ${code ?? signalName}:\n${lastLines(both)}`));
    });
  });
}

function lastLines(text: string): string {
  const lines = text.trim().split('\n').slice(-12);
  return lines.map((line) => `  ${line.slice(0, 500)}`).join('\n');
}
