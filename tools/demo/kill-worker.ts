import { Client, Connection } from '@temporalio/client';
import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { runningServer } from '../../workers/connection.ts';

/** Waits until the task's command has written some lines, then ends the worker that follows it, as a power cut would. Gives its process id. */
export async function killWorkerInCommand(
  tasks: TaskClient,
  taskId: TaskId,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  for await (const event of tasks.watch(taskId, { follow: true, live: true, signal })) {
    if (event.type === 'live.running' && event.tail.includes('sample 2 of 6')) break;
  }
  const pid = await workerOf(taskId, env);
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** The worker that holds the running activity; Temporal knows it as `<pid>@<host>`. */
async function workerOf(taskId: TaskId, env: NodeJS.ProcessEnv): Promise<number> {
  const server = await runningServer(env);
  if (server === undefined) throw new Error("the demo's server does not run");
  const connection = await Connection.connect(server.connectionOptions);
  try {
    const client = new Client({ connection, namespace: server.namespace });
    const { raw } = await client.workflow.getHandle(taskId).describe();
    const identity = raw.pendingActivities?.[0]?.lastWorkerIdentity ?? '';
    const pid = Number(identity.split('@')[0]);
    if (!Number.isInteger(pid) || pid <= 1)
      throw new Error(`no worker holds the command (identity "${identity}")`);
    return pid;
  } finally {
    await connection.close();
  }
}
