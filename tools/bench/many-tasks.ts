import { setTimeout as delay } from 'node:timers/promises';
import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { endedStatuses } from '../../contracts/words/sets.ts';
import { type Scenario, ScenarioSchema } from '../../models/scripted/scenario.ts';

const turns = 5;
const modelMs = 200;
/** About a tenth of a second of a processor; prints when it ran, in nanoseconds. */
const command =
  'begin=$(date +%s%N); i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done; echo "ran $begin $(date +%s%N)"';

/** Five commands that work, then a change, then the end. */
export const busyCommands: Scenario = ScenarioSchema.parse({
  model: 'scripted',
  turns: [
    { reply: [{ exec_command: `${command} # {{n}}` }], repeat: turns, delayMs: modelMs },
    { reply: [{ exec_command: 'echo changed >> notes.txt' }], delayMs: modelMs },
    { reply: [{ message: 'Done.' }], delayMs: modelMs },
  ],
});

export interface TaskTimes {
  readonly taskId: TaskId;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly commands: readonly (readonly [beginMs: number, endMs: number])[];
  /** More than 1: a heartbeat came too late. */
  readonly mostTries: number;
}

/** Waits until all tasks have ended; throws for one that was not delivered. */
export async function untilAllEnd(tasks: TaskClient, ids: readonly TaskId[]): Promise<readonly TaskTimes[]> {
  for (;;) {
    const listed = await tasks.list({ limit: 1000 });
    const ended = listed.filter(
      ({ taskId, status }) => ids.includes(taskId) && endedStatuses.some((name) => name === status),
    );
    if (ended.length === ids.length) break;
    await delay(500);
  }
  return Promise.all(ids.map((taskId) => timesOf(tasks, taskId)));
}

async function timesOf(tasks: TaskClient, taskId: TaskId): Promise<TaskTimes> {
  const events: TaskEvent[] = [];
  const options = { follow: false, live: false, signal: AbortSignal.timeout(60_000) };
  for await (const event of tasks.watch(taskId, options)) events.push(event);
  const finished = events.find((event) => event.type === 'task.finished');
  if (finished?.status !== 'delivered')
    throw new Error(`${taskId} ended as ${finished?.status}: ${finished?.reason}`);
  const outputs = events
    .flatMap((event) => (event.type === 'actions.observed' ? event.observations : []))
    .flatMap(({ outputDigest }) => outputDigest ?? []);
  const commands = await Promise.all(
    outputs.map(async (digest) => timesIn(new TextDecoder().decode(await tasks.artifact(digest)))),
  );
  return {
    taskId,
    startedMs: events[0]?.atMs ?? 0,
    endedMs: finished.atMs,
    commands: commands.flat(),
    mostTries: triesOf(events),
  };
}

function timesIn(output: string): TaskTimes['commands'] {
  const ran = /^ran (\d+) (\d+)$/m.exec(output);
  return ran === null ? [] : [[Number(ran[1]) / 1e6, Number(ran[2]) / 1e6]];
}

function triesOf(events: readonly TaskEvent[]): number {
  return Math.max(...events.map((event) => (event.type === 'iteration.planned' ? event.plan.attempts : 1)));
}

/** The most intervals that hold one moment. */
export function mostAtOnce(intervals: readonly (readonly [number, number])[]): number {
  const edges = intervals.flatMap(([begin, end]) => [[begin, 1] as const, [end, -1] as const]);
  let now = 0;
  let most = 0;
  for (const [, change] of edges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
