import { afterAll, beforeAll } from 'vitest';
import { createStage, type Stageful } from '../helpers/task-play.ts';
import { connectClient, startTestWorker, type TestWorker } from '../helpers/temporal.ts';

let queues = 0;

/** One worker for a file's tests, with its stage; made before the first of them and stopped after the last. */
export function useStage(): () => Stageful {
  let stage: Stageful | undefined;
  let worker: TestWorker | undefined;
  let close = async () => {};
  beforeAll(async () => {
    const connected = await connectClient();
    close = connected.close;
    stage = createStage(connected.client, `play-${process.pid}-${++queues}`);
    worker = await startTestWorker(stage.workerOptions);
  });
  afterAll(async () => {
    await worker?.stop();
    await close();
  });
  return () => {
    if (!stage) throw new Error('the stage is there only while tests run');
    return stage;
  };
}
