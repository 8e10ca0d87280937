import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { workflowType } from '../../../contracts/words/messages.ts';
import { requireTasks } from '../../../workers/versions/replay-tasks.ts';
import { connectClient } from '../../helpers/temporal.ts';

test('a task that the server does not keep is named before anything is replayed', async () => {
  const { client, close } = await connectClient();
  onTestFinished(close);
  const workflowId = `kept-${randomUUID()}`;
  const handle = await client.workflow.start(workflowType, { workflowId, taskQueue: workflowId });
  onTestFinished(async () => {
    await handle.terminate();
  });
  await requireTasks(client, [workflowId]);
  await expect(requireTasks(client, [workflowId, 'nope'])).rejects.toMatchObject({
    code: 'task.not_found',
    message: expect.stringContaining('nope'),
  });
});
