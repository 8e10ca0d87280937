import type { TaskClient } from '../client/task-client.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type TaskId, TaskIdSchema } from '../contracts/ids.ts';

const searched = 1000;

/**
 * The task that a person means by an id or by a beginning that only one has. An id that no list has yet is taken as it is.
 * Throws `usage.invalid` for a beginning of several, `task.not_found` for what can be no id.
 */
export async function resolveTask(client: TaskClient, text: string): Promise<TaskId> {
  const tasks = await client.list({ limit: searched });
  const exact = tasks.find((task) => task.taskId === text);
  if (exact !== undefined) return exact.taskId;
  const matching = tasks.filter((task) => task.taskId.startsWith(text));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only.taskId;
  if (matching.length > 1) {
    const ids = matching.slice(0, 10).map((task) => `  ${task.taskId}`);
    const more = matching.length > 10 ? [`  … and ${matching.length - 10} more`] : [];
    throw new LonghaulError(
      'usage.invalid',
      [`${matching.length} tasks begin with "${text}". Type more of the one you mean:`, ...ids, ...more].join(
        '\n',
      ),
    );
  }
  const parsed = TaskIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new LonghaulError('task.not_found', `No task is called "${text}". List them with "longhaul ls".`);
}
