import type { ProcessEntry } from '../processes.ts';
import { type LimitCounts, type Limits, privateMemoryBytes } from './limits.ts';

export type Overrun = 'memory' | 'processes';

/** Watches the limits while a step runs. */
export interface Guard {
  /** Calls back once when a step must be ended. `stop` says what the limits refused in the meantime. */
  watch(
    processes: () => readonly ProcessEntry[],
    onOverrun: (overrun: Overrun) => void,
  ): { stop(): Overrun | null };
}

const pollMs = 250;
/** A build that asks for too many processes fails by itself; a bomb keeps asking. */
const refusingPolls = 4;

/**
 * Where control groups hold the limits, it only ends what keeps running against the limit of processes. Where they do not, it counts
 * memory and processes itself, four times a second.
 */
export function createGuard(deps: {
  readonly limits: Limits;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly pageBytes: number;
}): Guard {
  return {
    watch(processes, onOverrun) {
      const start = deps.limits.counts();
      let last = start;
      let refusing = 0;
      let overrun: Overrun | null = null;

      const counted = (): Overrun | null => {
        const all = processes();
        if (all.length > deps.processes) return 'processes';
        const bytes = all.reduce((sum, entry) => sum + privateMemoryBytes(entry.pid, deps.pageBytes), 0);
        return bytes > deps.memoryBytes ? 'memory' : null;
      };
      const refused = (): Overrun | null => {
        const now = deps.limits.counts();
        refusing = now.refusedForks > last.refusedForks ? refusing + 1 : 0;
        last = now;
        return refusing >= refusingPolls ? 'processes' : null;
      };

      const timer = setInterval(() => {
        overrun ??= deps.limits.kind === 'watch' ? counted() : refused();
        if (overrun === null) return;
        clearInterval(timer);
        onOverrun(overrun);
      }, pollMs);

      return {
        stop() {
          clearInterval(timer);
          return overrun ?? difference(start, deps.limits.counts());
        },
      };
    },
  };
}

function difference(start: LimitCounts, end: LimitCounts): Overrun | null {
  if (end.memoryKills > start.memoryKills) return 'memory';
  return end.refusedForks > start.refusedForks ? 'processes' : null;
}
