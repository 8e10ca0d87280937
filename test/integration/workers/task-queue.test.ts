import { expect, onTestFinished, test } from 'vitest';
import type { TaskId } from '../../../contracts/ids.ts';
import { openTaskClient } from '../../../workers/open-task-client.ts';
import { cacheDirectory } from '../../../workers/state-dir.ts';
import { startWorkerProcess, stopWorker } from '../../../workers/worker-processes.ts';
import { fakeSpec } from '../../helpers/fake-facts.ts';
import { connectClient, temporalAddress } from '../../helpers/temporal.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

/** A home on the run's server; its workers end with the test. */
async function openHome() {
  const home = await temporaryDirectory();
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CACHE_HOME: `${cacheDirectory()}/..`,
    LONGHAUL_HOME: home,
    TEMPORAL_ADDRESS: temporalAddress(),
  };
  const client = await openTaskClient(env);
  onTestFinished(() => client.close());
  return {
    client,
    async startWorker() {
      const worker = await startWorkerProcess({ home, env });
      onTestFinished(async () => {
        await stopWorker(worker.pid, { home });
      });
    },
  };
}

test('a worker of one home leaves the tasks of another to its own worker', async () => {
  const [mine, other] = [await openHome(), await openHome()];
  const [waiting, theirs] = [`home-a-${process.pid}`, `home-b-${process.pid}`] as [TaskId, TaskId];
  await mine.client.start(fakeSpec(waiting, { repository: '/no/such/repository' }));
  await other.startWorker();
  await other.client.start(fakeSpec(theirs, { repository: '/no/such/repository' }));
  const { client, close } = await connectClient();
  onTestFinished(close);
  const outcome = (taskId: TaskId) => client.workflow.getHandle(taskId).result();
  // Without a repository a task that is taken ends at once.
  expect(await outcome(theirs)).toMatchObject({ status: 'failed' });
  const { events } = await client.workflow.getHandle(waiting).fetchHistory();
  expect(events?.filter((event) => event.workflowTaskStartedEventAttributes)).toEqual([]);

  await mine.startWorker();
  expect(await outcome(waiting)).toMatchObject({ status: 'failed' });
});
