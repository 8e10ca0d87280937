import { readFileSync } from 'node:fs';
import type { ProcessEntry } from '../processes.ts';
import type { SandboxProcess } from './sandbox-process.ts';

/** Start times in /proc count in this unit on every Linux that Node runs on: USER_HZ. */
const ticksPerSecond = 100;

/** The current time as /proc counts it. */
export function nowTicks(): number {
  const seconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return Math.floor(seconds * ticksPerSecond);
}

/**
 * Selects the processes of one step out of the sandbox's, session by session: each step has its own, and a process can leave its session
 * only for a new one. A session is the step's when the step's id is in its environment. One that has cleared its environment is taken
 * for the step's when it is newer than the step and descends from no older session and from none of another step.
 */
export function selectStepProcesses(sandbox: SandboxProcess, stepId: string): () => ProcessEntry[] {
  const startTicks = nowTicks();
  const marks = new Map<number, string | null>();
  return () => {
    const all = sandbox.agentProcesses();
    const sessions = Map.groupBy(all, (entry) => entry.session);
    for (const session of marks.keys()) if (!sessions.has(session)) marks.delete(session);
    for (const [session, members] of sessions) {
      // Reading an environment waits for a process that forks without end, so each session is asked once.
      if (!marks.has(session)) marks.set(session, markOf(session, members));
    }
    const byPid = new Map(all.map((entry) => [entry.pid, entry] as const));
    const isForeign = (entry: ProcessEntry | undefined): boolean => {
      if (entry === undefined) return false;
      const mark = marks.get(entry.session) ?? null;
      if (mark !== null) return mark !== stepId;
      return entry.startTicks < startTicks || isForeign(byPid.get(entry.parent));
    };
    return all.filter((entry) => !isForeign(entry));
  };
}

/** The step that a session was started by, as its first readable environment says; null when none says anything. */
function markOf(session: number, members: readonly ProcessEntry[]): string | null {
  const leaderFirst = members.toSorted((a, b) => Number(b.pid === session) - Number(a.pid === session));
  for (const { pid } of leaderFirst) {
    const mark = markOfProcess(pid);
    if (mark !== null) return mark;
  }
  return null;
}

function markOfProcess(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const entry = environment.split('\0').find((pair) => pair.startsWith('LONGHAUL_STEP_ID='));
    return entry?.slice('LONGHAUL_STEP_ID='.length) ?? null;
  } catch {
    return null;
  }
}
