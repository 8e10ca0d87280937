import { setTimeout as delay } from 'node:timers/promises';
import { type Client, QueryNotRegisteredError } from '@temporalio/client';
import type { TaskId } from '../contracts/ids.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { messageName } from '../contracts/words/messages.ts';

const tries = 3;
const pauseMs = 200;

/**
 * Where a task is. A query that meets a run in the moment of its continue-as-new is answered by nobody, which the SDK reports as a query that
 * is not known; asked again, it reaches the next run.
 */
export async function queryState(client: Client, taskId: TaskId): Promise<TaskState> {
  for (let tried = 1; ; tried++) {
    try {
      return await client.workflow.getHandle(taskId).query<TaskState>(messageName.status);
    } catch (error) {
      if (!(error instanceof QueryNotRegisteredError) || tried === tries) throw error;
      await delay(pauseMs);
    }
  }
}
