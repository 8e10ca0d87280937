import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import type { Confine, ConfinedCall, ConfinedResult } from '../keeper/confine.ts';

const stderrLimit = 65_536;

/** Runs the keeper's programs as they are: its container shows them the workspace, the keeper's repository and nothing of anybody else. */
export function createOwnPrograms(workTree: string): Confine {
  const running = new Set<{ readonly kill: () => void; readonly ended: Promise<unknown> }>();
  const start = async (call: ConfinedCall): Promise<ConfinedResult> => {
    const child = spawn(call.program, [...call.args], { cwd: workTree, env: { ...call.env }, stdio: 'pipe' });
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.stdin ?? '');
    const exit = new Promise<number>((resolve) => {
      child.on('error', () => resolve(-1));
      child.on('close', (code) => resolve(code ?? -1));
    });
    const ended = Promise.all([exit, buffer(child.stdout), buffer(child.stderr)]);
    const entry = { kill: () => void child.kill('SIGKILL'), ended };
    running.add(entry);
    try {
      const [exitCode, stdout, stderr] = await ended;
      return { exitCode, stdout, stderr: stderr.subarray(0, stderrLimit).toString('utf8') };
    } finally {
      running.delete(entry);
    }
  };
  return {
    run: start,
    async end() {
      const all = [...running];
      for (const { kill } of all) kill();
      await Promise.allSettled(all.map(({ ended }) => ended));
    },
  };
}
