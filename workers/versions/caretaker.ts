import { errorCode } from '../../contracts/error.ts';
import { routing } from './deployment.ts';
import { runningTasks } from './running-tasks.ts';
import { servedBuilds } from './served-builds.ts';
import { passGate, type Settling, settle } from './settle.ts';

export interface CaretakerOptions {
  readonly everyMs: number;
  /** Called once when this version has been replaced and none of its tasks runs any more; null to stay. */
  readonly onDone: (() => void) | null;
}

/**
 * Looks after the versions of a queue while a worker runs: tasks whose workers are gone are moved here, and where the current version
 * has lost its last worker, this one takes over. The result ends it.
 */
export function startCaretaker(
  settling: Settling,
  { everyMs, onDone }: CaretakerOptions,
): () => Promise<void> {
  const said = new Set<string>();
  const once = (text: string) => {
    if (!said.has(text)) settling.report(text);
    said.add(text);
  };
  let looking: Promise<void> | undefined;
  const look = async () => {
    try {
      if ((await lookAfter(settling, once)) !== 'replaced' || onDone === null) return;
      clearInterval(timer);
      onDone();
    } catch (error) {
      // The next look may find the server again, or a version that can go on.
      const text = error instanceof Error ? error.message : String(error);
      once(`${errorCode(error) ?? 'internal.bug'}: ${text}`);
    }
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/** One look. `replaced` when another version is current and has a worker, and no task of this one runs. */
export async function lookAfter(
  settling: Settling,
  say: (text: string) => void,
): Promise<'current' | 'needed' | 'replaced'> {
  const { deployment, build } = settling;
  const { currentBuild, pollers } = await routing(deployment);
  const served = servedBuilds(pollers, await settling.witness());
  if (currentBuild !== build.buildId && currentBuild !== null && served.has(currentBuild)) {
    const tasks = await runningTasks(deployment, null);
    return tasks.some((task) => task.build === build.buildId) ? 'needed' : 'replaced';
  }
  const settlement = await passGate({ ...settling, report: () => {} });
  const notes = await settle(settling, settlement);
  if (settlement.makeCurrent) say(`${build.buildId} is current now: ${currentBuild} has no worker any more`);
  for (const note of notes) say(note);
  return 'current';
}
