import { openTemporalClient } from '../open-task-client.ts';
import type { Environment } from '../state-dir.ts';
import { taskQueueOf } from '../task-queue.ts';
import { routing } from './deployment.ts';
import { runningTasks } from './running-tasks.ts';
import { servedBuilds } from './served-builds.ts';
import { localWitness } from './witness.ts';

/** A version that is current, or that tasks are on. */
export interface VersionFacts {
  readonly build: string;
  readonly current: boolean;
  /** Whether it has a worker. */
  readonly served: boolean;
  /** Those that run on it. */
  readonly tasks: readonly string[];
}

/** The versions of this home's queue, the current one first. Throws `server.unavailable`, `version.unsupported`. */
export async function versionFacts(env: Environment = process.env): Promise<readonly VersionFacts[]> {
  const { client, address, close } = await openTemporalClient(env);
  try {
    const taskQueue = taskQueueOf(env);
    const { currentBuild, pollers } = await routing({ client, taskQueue });
    const served = servedBuilds(pollers, await localWitness('', { taskQueue, address }, env));
    const tasks = await runningTasks({ client, taskQueue }, null);
    const builds = new Set([currentBuild, ...tasks.map((task) => task.build)]);
    return [...builds].flatMap((build) =>
      build === null
        ? []
        : {
            build,
            current: build === currentBuild,
            served: served.has(build),
            tasks: tasks.filter((task) => task.build === build).map(({ taskId }) => taskId),
          },
    );
  } finally {
    await close();
  }
}
