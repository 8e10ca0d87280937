import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../contracts/ids.ts';

const patienceMs = 10_000;
const pollMs = 100;

/** What an ended task still holds in a home: processes and directories of its sandboxes. One that is just ending is waited for. */
export async function leftoversOf(home: string, taskId: TaskId): Promise<readonly string[]> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const left = leftNow(home, taskId);
    if (left.length === 0 || Date.now() > end) return left;
    await delay(pollMs);
  }
}

function leftNow(home: string, taskId: TaskId): readonly string[] {
  const leases = join(home, 'leases');
  const mark = join(leases, `${taskId}.`);
  const alive = processes().filter((pid) =>
    ['cmdline', 'mountinfo'].some((file) => textOf(`/proc/${pid}/${file}`).includes(mark)),
  );
  const names = existsSync(leases) ? readdirSync(leases) : [];
  return [
    ...alive.map((pid) => `process ${pid}`),
    ...names.filter((name) => name.startsWith(`${taskId}.`)).map((name) => `lease ${name}`),
  ];
}

function processes(): readonly string[] {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
