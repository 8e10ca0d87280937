import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../contracts/error.ts';

/** A process that stays the same one when its number is given to another later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** One letter as in proc(5): R S D Z T … */
  readonly state: string;
  readonly startTicks: number;
}

/** Reads one entry of /proc; undefined when there is no such process. Fields as in proc_pid_stat(5). */
export function readProcess(pid: number): ProcessEntry | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may itself hold parentheses and spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** The identity of a live process; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const entry = readProcess(pid);
  return entry && { pid, startTicks: entry.startTicks, bootId: bootId() };
}

/** Whether that very process is alive; a zombie is not. */
export function isAlive(identity: ProcessIdentity): boolean {
  const entry = readProcess(identity.pid);
  return (
    entry !== undefined &&
    entry.startTicks === identity.startTicks &&
    entry.state !== 'Z' &&
    identity.bootId === bootId()
  );
}

/** All processes below `root`, not `root` itself. */
export function descendantsOf(root: number): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const entry = Number.isInteger(pid) ? readProcess(pid) : undefined;
    if (entry === undefined) continue;
    const siblings = children.get(entry.parent);
    if (siblings === undefined) children.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  const found: ProcessEntry[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      waiting.push(child.pid);
    }
  }
  return found;
}

/** Sends a signal; a process that is gone is fine. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone between the listing and the signal.
  }
}

const pollMs = 20;

/** Kills that very process and waits until it is gone, at most `limitMs`. True when it is gone. */
export async function killAndWait(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (isAlive(identity)) {
    if (Date.now() > end) return false;
    sendSignal(identity.pid, 'SIGKILL');
    await delay(pollMs);
  }
  return true;
}

/** Holds every process of a group at one moment, those included that are being made. */
export interface Freezer {
  freeze(): void;
  isFrozen(): boolean;
  pids(): readonly number[];
  thaw(): void;
}

/** How to stop processes that listings alone do not catch up with. */
export interface StopMeans {
  readonly freezer: Freezer | null;
  /** Has them stopped by one signal to all; comes back without an error when that did not work. */
  stopInside(): Promise<void>;
}

/**
 * Stops every selected process and returns what wakes them again. With a freezer these are all of its group, and none escapes. Without one,
 * or when it does not freeze in time, repeats until two listings in a row show nothing that runs: what forks while it is being listed is
 * listed next time. What does not stop in time is killed. Throws `sandbox.lost` when that does not help either.
 */
export async function freeze(
  select: () => readonly ProcessEntry[],
  limitMs: number,
  means: StopMeans | null = null,
): Promise<() => void> {
  const stopped = new Set<number>();
  const thaw = (): void => {
    for (const pid of stopped) sendSignal(pid, 'SIGCONT');
  };
  if (means !== null) {
    if (means.freezer !== null && (await stopGroup(means.freezer, stopped, limitMs))) return thaw;
    const before = new Set(
      select()
        .filter(isStopped)
        .map((entry) => entry.pid),
    );
    await means.stopInside();
    // Also those that the signal has yet to reach.
    for (const { pid } of select()) if (!before.has(pid)) stopped.add(pid);
  }
  if (await stopAll(select, stopped, limitMs)) return thaw;
  killRunning(select());
  if (await stopAll(select, stopped, limitMs)) return thaw;
  thaw();
  throw new LonghaulError(
    'sandbox.lost',
    'The sandbox has processes that can neither be stopped nor ended: its files cannot be looked at.',
  );
}

const isStopped = (entry: ProcessEntry): boolean => entry.state === 'T';
const mayRun = (entry: ProcessEntry): boolean => isRunning(entry) && !isStopped(entry);

/**
 * Uses the freezer only to list and signal without being outrun: a process that stays frozen could not be killed when its step ends. Another
 * thread may run for a moment before the signal reaches it, so the group is frozen again until it shows no new process.
 */
async function stopGroup(freezer: Freezer, stopped: Set<number>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  try {
    // What commands have stopped themselves is not ours to wake.
    const known = new Set(freezer.pids().filter((pid) => readProcess(pid)?.state === 'T'));
    for (;;) {
      freezer.freeze();
      if (!(await frozenBy(freezer, end))) return false;
      const fresh = freezer.pids().filter((pid) => !known.has(pid));
      if (fresh.length === 0) return true;
      for (const pid of fresh) {
        known.add(pid);
        stopped.add(pid);
        sendSignal(pid, 'SIGSTOP');
      }
      freezer.thaw();
      await delay(1);
    }
  } catch {
    return false;
  } finally {
    freezer.thaw();
  }
}

async function frozenBy(freezer: Freezer, end: number): Promise<boolean> {
  while (!freezer.isFrozen()) {
    if (Date.now() > end) return false;
    await delay(1);
  }
  return Date.now() <= end;
}

async function stopAll(
  select: () => readonly ProcessEntry[],
  stopped: Set<number>,
  limitMs: number,
): Promise<boolean> {
  const end = Date.now() + limitMs;
  let quietListings = 0;
  while (quietListings < 2) {
    const all = select();
    const running = all.filter(mayRun);
    quietListings = running.length === 0 ? quietListings + 1 : 0;
    if (running.length === 0) continue;
    if (Date.now() > end) return false;
    for (const entry of running) {
      stopped.add(entry.pid);
      sendSignal(entry.pid, 'SIGSTOP');
    }
    await delay(1);
    await releaseVforks(all, running);
  }
  return true;
}

/** A parent in vfork(2) whose child never becomes another program would hold up every checkpoint for ever. */
function killRunning(all: readonly ProcessEntry[]): void {
  const pids = new Set(all.filter(mayRun).map((entry) => entry.pid));
  for (const entry of all)
    if (pids.has(entry.pid) || pids.has(entry.parent)) sendSignal(entry.pid, 'SIGKILL');
}

/** A parent in vfork(2) sleeps, and cannot stop, until its child is another program: a child that was stopped just before must go on. */
async function releaseVforks(all: readonly ProcessEntry[], running: readonly ProcessEntry[]): Promise<void> {
  const asleep = new Set(running.filter((entry) => entry.state === 'D').map((entry) => entry.pid));
  const children = all.filter((entry) => asleep.has(entry.parent) && entry.state === 'T');
  if (children.length === 0) return;
  for (const child of children) sendSignal(child.pid, 'SIGCONT');
  await delay(vforkMs);
}

/** Asks the selected processes to end, then kills what is left after `graceMs`. True when none is left. */
export async function endProcesses(
  select: () => readonly ProcessEntry[],
  graceMs: number,
  limitMs: number,
): Promise<boolean> {
  const alive = (): readonly ProcessEntry[] => select().filter(isRunning);
  if (graceMs > 0) {
    for (const entry of alive()) sendSignal(entry.pid, 'SIGTERM');
    if (await noneLeft(alive, graceMs)) return true;
  }
  const end = Date.now() + limitMs;
  while (alive().length > 0) {
    if (Date.now() > end) return false;
    // All stopped before the first is killed: a process that forks as fast as others die would never be caught up with.
    await freeze(select, limitMs).catch(() => undefined);
    for (const entry of alive()) sendSignal(entry.pid, 'SIGKILL');
    await noneLeft(alive, settleMs);
  }
  return true;
}

const settleMs = 200;
const vforkMs = 2;

const isRunning = (entry: ProcessEntry): boolean => entry.state !== 'Z' && entry.state !== 'X';

async function noneLeft(alive: () => readonly ProcessEntry[], limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (alive().length > 0) {
    if (Date.now() > end) return false;
    await delay(pollMs);
  }
  return true;
}
