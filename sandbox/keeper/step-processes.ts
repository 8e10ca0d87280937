import { readFileSync } from 'node:fs';
import type { ProcessEntry } from '../processes.ts';
import type { SandboxProcess } from './sandbox-process.ts';

/** Start times in /proc count in this unit on every Linux that Node runs on: USER_HZ. */
const ticksPerSecond = 100;

/** The current time as /proc counts it. */
function nowTicks(): number {
  const seconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return Math.floor(seconds * ticksPerSecond);
}

/**
 * Selects the processes of one step out of the sandbox's: those with the step's id in their environment, their sessions, and their
 * children. A process that has left its session and cleared its environment is taken for the step's when it is newer than the step and
 * descends from no older one and from no other step.
 */
export function selectStepProcesses(sandbox: SandboxProcess, stepId: string): () => ProcessEntry[] {
  const startTicks = nowTicks();
  const seen = new Set<string>();
  return () => {
    const all = sandbox.agentProcesses();
    const byPid = new Map(all.map((entry) => [entry.pid, entry] as const));
    const marks = new Map(all.map((entry) => [entry.pid, markOf(entry.pid)] as const));
    const marked = (entry: ProcessEntry): boolean =>
      marks.get(entry.pid) === stepId || seen.has(keyOf(entry));
    const sessions = new Set(all.filter(marked).map((entry) => entry.session));

    const foreign = (entry: ProcessEntry | undefined): boolean => {
      if (entry === undefined) return false;
      const mark = marks.get(entry.pid) ?? null;
      return (
        (mark !== null && mark !== stepId) ||
        entry.startTicks < startTicks ||
        foreign(byPid.get(entry.parent))
      );
    };
    const selected = all.filter((entry) => marked(entry) || sessions.has(entry.session) || !foreign(entry));
    for (const entry of selected) seen.add(keyOf(entry));
    return selected;
  };
}

const keyOf = (entry: ProcessEntry): string => `${entry.pid}:${entry.startTicks}`;

/** The step that a process was started by, as its environment says; null when that says nothing. */
function markOf(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const entry = environment.split('\0').find((pair) => pair.startsWith('LONGHAUL_STEP_ID='));
    return entry?.slice('LONGHAUL_STEP_ID='.length) ?? null;
  } catch {
    return null;
  }
}
