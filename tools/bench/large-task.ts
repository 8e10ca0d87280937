import type { TaskEvent } from '../../contracts/task-event.ts';
import { ScenarioSchema } from '../../models/scripted/scenario.ts';
import { benchSpec, openBenchWorld } from './bench-world.ts';
import type { Stage } from './large-stages.ts';

const scenario = ScenarioSchema.parse({
  model: 'scripted',
  turns: [
    { reply: [{ exec_command: 'git status --short | head' }] },
    { reply: [{ exec_command: 'echo "// changed" >> packages/p0/src/area1/unit30.ts' }] },
    { reply: [{ message: 'Done.' }] },
  ],
});

const ends: readonly (readonly [name: string, type: TaskEvent['type']])[] = [
  ['repository fetched', 'repository.fetched'],
  ['perceived, with the sandbox and the checks run once', 'context.perceived'],
  ['first action done', 'actions.observed'],
  ['verified in a fresh sandbox', 'delivery.verified'],
  ['delivered, with every sandbox gone', 'task.finished'],
];

/** A whole task on a repository, with the server, a worker and a scripted model: when each stage had ended, from the start of the task. */
export async function largeTask(repository: string, home: string): Promise<readonly Stage[]> {
  const world = await openBenchWorld(scenario, home);
  try {
    const taskId = await world.tasks.start(benchSpec('bench-large-task', repository, 'bench'));
    const events: TaskEvent[] = [];
    const options = { follow: true, live: false, signal: AbortSignal.timeout(15 * 60_000) };
    for await (const event of world.tasks.watch(taskId, options)) events.push(event);
    const startedMs = events[0]?.atMs ?? 0;
    return ends.map(([name, type]) => {
      const event = events.find((found) => found.type === type);
      if (event === undefined) throw new Error(`the task has no ${type}: ${JSON.stringify(events.at(-1))}`);
      return { name, ms: event.atMs - startedMs };
    });
  } finally {
    await world.close();
  }
}
