import { LonghaulError } from '../../contracts/error.ts';
import type { RunningTask } from './running-tasks.ts';

/** What the replay of a running task's history has shown. */
export interface TaskReplay {
  readonly task: RunningTask;
  /** Whether its own version has a worker, which can go on with it. */
  readonly served: boolean;
  /** Why the new version cannot go on with it; null when it can. */
  readonly problem: string | null;
}

/**
 * Whether a version must not become current: it cannot go on with a task that is well served now, or with none that runs at all.
 * A task that nothing can carry on stops no version: the others would wait with it. Pure.
 */
export function stops(replays: readonly TaskReplay[]): boolean {
  const failed = replays.filter(({ problem }) => problem !== null);
  return failed.some(({ served }) => served) || (failed.length > 0 && failed.length === replays.length);
}

/** Says which tasks, why, and what can be done. */
export function cannotReplay(
  buildId: string,
  currentBuild: string | null,
  replays: readonly TaskReplay[],
): LonghaulError {
  const failed = replays.filter(({ problem }) => problem !== null);
  const stays = currentBuild === null ? 'no version is' : `${currentBuild} still is`;
  const leave = failed.map(({ task }) => `--leave ${task.taskId}`).join(' ');
  return new LonghaulError(
    'version.cannot_replay',
    [
      `Version ${buildId} cannot go on with ${failed.length} of ${replays.length} running tasks, so it was not made current; ${stays}.`,
      ...failed.map((replay) => `  ${taskLine(replay)}`),
      `Go on with the version before it: ${oldVersion(failed[0]?.task.build ?? null)}.`,
      `Or leave these tasks to workers of their own version, and use this one for the others: longhaul up ${leave}`,
    ].join('\n'),
    { details: { buildId, failed: failed.length } },
  );
}

function taskLine({ task, served, problem }: TaskReplay): string {
  const of = task.build === null ? 'of no version' : `of ${task.build}`;
  return `${task.taskId} (${of}, which has ${served ? 'a worker' : 'no worker'}): ${problem}`;
}

/** For a task that waits for a worker which no longer runs, and that this version cannot carry on. */
export function stuckNote({ task, problem }: TaskReplay, buildId: string): string {
  return `${task.taskId} is stuck: ${buildId} cannot go on with it (${problem}), and no worker of its version runs. To run that one: ${oldVersion(task.build)}`;
}

function oldVersion(build: string | null): string {
  const version = build?.split('-')[0];
  return version === undefined
    ? 'install the version of Longhaul that was there before, then "longhaul up"'
    : `npm install longhaul@${version}, then "longhaul up"; see docs/versions.md`;
}
