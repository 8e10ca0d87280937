import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The most that was seen at one time, in bytes of resident memory. */
export interface MemoryPeaks {
  workerBytes: number;
  serverBytes: number;
  /** All keepers together, and how many they were. */
  keepersBytes: number;
  keepers: number;
  /** Everything with the home in its arguments or mounts: the keepers and what runs in the sandboxes. */
  sandboxProcesses: number;
}

export interface Watched {
  readonly home: string;
  readonly workerPid: number;
  readonly serverPid: number;
}

const intervalMs = 500;

/** Looks at the memory of a bench's processes twice a second until it is stopped. */
export function watchMemory(watched: Watched): () => MemoryPeaks {
  const peaks: MemoryPeaks = {
    workerBytes: 0,
    serverBytes: 0,
    keepersBytes: 0,
    keepers: 0,
    sandboxProcesses: 0,
  };
  const timer = setInterval(() => {
    const now = look(watched);
    for (const key of Object.keys(peaks) as (keyof MemoryPeaks)[])
      peaks[key] = Math.max(peaks[key], now[key]);
  }, intervalMs);
  return () => {
    clearInterval(timer);
    return peaks;
  };
}

function look({ home, workerPid, serverPid }: Watched): MemoryPeaks {
  const leases = join(home, 'leases');
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  const keepers = pids.filter((pid) => {
    const command = text(`/proc/${pid}/cmdline`);
    return command.includes(leases) && command.includes('keeper/main');
  });
  return {
    workerBytes: residentBytes(workerPid),
    serverBytes: residentBytes(serverPid),
    keepersBytes: keepers.reduce((sum, pid) => sum + residentBytes(Number(pid)), 0),
    keepers: keepers.length,
    sandboxProcesses: pids.filter((pid) => text(`/proc/${pid}/mountinfo`).includes(leases)).length,
  };
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
