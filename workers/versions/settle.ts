import { LonghaulError } from '../../contracts/error.ts';
import type { WorkerBuild } from '../build.ts';
import { type Deployment, makeCurrent, pin, type Routing, routing, wasCurrent } from './deployment.ts';
import { type HistoryToReplay, replayHistories } from './replay.ts';
import { type RunningTask, runningTasks } from './running-tasks.ts';
import { servedBuilds, type Witness } from './served-builds.ts';
import { cannotReplay, stops, stuckNote, type TaskReplay } from './task-replay.ts';

export interface Settling {
  readonly deployment: Deployment;
  readonly build: WorkerBuild;
  /** A person wants this build, also where it was replaced before. */
  readonly chosen: boolean;
  /** Tasks that are left to workers of their own version, whatever their replay shows. */
  readonly leave: readonly string[];
  /** Runs that are known to be stuck: not replayed again. */
  readonly stuckRuns: Set<string>;
  witness(): Promise<Witness>;
  report(text: string): void;
}

/** What is to be done once the worker polls. */
export interface Settlement {
  readonly makeCurrent: boolean;
  readonly move: readonly RunningTask[];
  readonly letGo: readonly RunningTask[];
  /** For the person who starts the worker: what is to stay as it is. */
  readonly notes: readonly string[];
}

/**
 * The gate: replays the running tasks that this build would have to carry on, and says what is to be done. Does nothing where the build
 * is current and every task has a worker. Throws `version.cannot_replay`, `version.unsupported`.
 */
export async function passGate(settling: Settling): Promise<Settlement> {
  const { deployment, build, report } = settling;
  const now = await routing(deployment);
  const served = servedBuilds(now.pollers, await settling.witness());
  if (await replaced(settling, now, served)) return notChosen(build.buildId, now.currentBuild);
  const current = now.currentBuild === build.buildId;
  const running = await runningTasks(deployment, build.buildId);
  const others = running.filter(({ build: own }) => own !== build.buildId);
  const orphan = ({ build: own }: RunningTask) => own !== null && !served.has(own);
  const concerned = (current ? others.filter(orphan) : others).filter(
    ({ runId }) => !settling.stuckRuns.has(runId),
  );
  const replays: TaskReplay[] = [];
  for await (const replay of judge(settling, concerned)) {
    replays.push({ ...replay, served: served.has(replay.task.build) });
    report(`replayed ${replays.length} of ${concerned.length} running tasks`);
  }
  const judged = replays.filter(({ task }) => !settling.leave.includes(task.taskId));
  if (!current && stops(judged)) throw cannotReplay(build.buildId, now.currentBuild, judged);
  const stuck = replays.filter(({ task, problem }) => problem !== null && orphan(task));
  for (const { task } of stuck) settling.stuckRuns.add(task.runId);
  const move = replays
    .filter(({ task, problem }) => problem === null && orphan(task))
    .map(({ task }) => task);
  return {
    makeCurrent: !current,
    move,
    letGo: running.filter(({ settled, build: own }) => settled && own === build.buildId),
    notes: stuck.map((replay) => stuckNote(replay, build.buildId)),
  };
}

/**
 * Does what the gate has found; the worker polls by now. Twice is once. Gives all that a person should know. A task that cannot be moved
 * is named and stops nobody else: this version is current already. Throws `version.unsupported`, `server.unavailable`.
 */
export async function settle(settling: Settling, settlement: Settlement): Promise<readonly string[]> {
  const { deployment, build } = settling;
  if (settlement.makeCurrent) await makeCurrent(deployment, build.buildId);
  const notes: string[] = [];
  for (const task of settlement.move) {
    const from = `from ${task.build}, which has no worker any more`;
    const problem = await problemOf(pin(deployment, task.taskId, build.buildId));
    notes.push(
      problem === null
        ? `${task.taskId} moved here ${from}`
        : `${task.taskId} waits, and cannot be moved here ${from}: ${problem}`,
    );
  }
  for (const { taskId } of settlement.letGo) {
    const problem = await problemOf(pin(deployment, taskId, null));
    if (problem !== null) notes.push(`${taskId} stays bound to ${build.buildId}: ${problem}`);
  }
  return [...notes, ...settlement.notes];
}

async function problemOf(pinned: Promise<void>): Promise<string | null> {
  try {
    await pinned;
    return null;
  } catch (error) {
    if (error instanceof LonghaulError) return error.message;
    throw error;
  }
}

/** A build that another one has taken over from, and that nobody asked back: an old worker that was only started again. */
async function replaced(
  { deployment, build, chosen }: Settling,
  { currentBuild }: Routing,
  served: ReadonlySet<string | null>,
): Promise<boolean> {
  if (chosen || currentBuild === null || currentBuild === build.buildId) return false;
  return served.has(currentBuild) && (await wasCurrent(deployment, build.buildId));
}

function notChosen(buildId: string, currentBuild: string | null): Settlement {
  const note = `${buildId} was replaced by ${currentBuild}: this worker serves the tasks that are left of it. To make it current again: longhaul worker --promote`;
  return { makeCurrent: false, move: [], letGo: [], notes: [note] };
}

/** Fails closed: a task of which the replay has told nothing counts as one that failed. */
async function* judge(
  { deployment, build }: Settling,
  tasks: readonly RunningTask[],
): AsyncIterable<Pick<TaskReplay, 'task' | 'problem'>> {
  // No replay worker for nothing: it costs a fifth of a second.
  if (tasks.length === 0) return;
  const open = new Map(tasks.map((task) => [task.taskId, task]));
  for await (const { taskId, problem } of replayHistories(build.codePath, histories(deployment, tasks))) {
    const task = open.get(taskId);
    if (task !== undefined) yield { task, problem };
    open.delete(taskId);
  }
  for (const task of open.values()) yield { task, problem: 'its replay told nothing' };
}

async function* histories(
  { client }: Deployment,
  tasks: readonly RunningTask[],
): AsyncIterable<HistoryToReplay> {
  for (const { taskId, runId } of tasks)
    yield { taskId, history: await client.workflow.getHandle(taskId, runId).fetchHistory() };
}
