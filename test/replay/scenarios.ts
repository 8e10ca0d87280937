import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { messageName } from '../../contracts/words/messages.ts';
import { askHuman, patch, shell } from '../helpers/fake-facts.ts';
import type { PlayedTask, Stageful } from '../helpers/task-play.ts';

type Scenario = (stage: Stageful, taskId: TaskId) => Promise<PlayedTask>;

const act = { actions: [shell('npm test'), patch('src/round.js', 'export const round = Math.round;')] };
const install = { actions: [shell('npm install left-pad')] };

/** What histories are recorded of: each way that a task can go, with made-up content only. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  delivered: (stage, taskId) => stage.play([act, {}], { taskId }),

  async 'approval-by-update-and-signal'(stage, taskId) {
    const asks = { actions: [shell('npm install left-pad'), askHuman('Half up or half even?')] };
    const policy = { name: 'default', digest: null };
    const task = await stage.play([asks, install, {}], { taskId, policy });
    const [one, two] = await task.pending(2);
    if (two) await task.answer(two, { reason: 'half up' });
    await task.answer(one, { scope: 'task' });
    const [delivery] = await task.pending();
    const { approvalId, digest } = delivery;
    await task.handle.signal(messageName.decision, {
      approvalId,
      digest: 'sha256:wrong',
      outcome: 'granted',
    });
    await task.stateWhen((state) => state.refusals.length === 1);
    await task.handle.signal(messageName.decision, { approvalId, digest, outcome: 'granted' });
    return task;
  },

  async edited(stage, taskId) {
    const task = await stage.play([install, install, {}], { taskId });
    const [first] = await task.pending();
    const editedDigest = await stage.client.putAction(shell('npm install left-pad@1.3.0'));
    await task.answer(first, { outcome: 'edited', editedDigest });
    const second = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i2.a0');
    const wrong = await stage.client.putAction(askHuman('Really?'));
    if (second.pending[0]) await task.answer(second.pending[0], { outcome: 'edited', editedDigest: wrong });
    return task;
  },

  async expired(stage, taskId) {
    return stage.play([install, {}], { taskId, approvalTimeoutMs: 500 });
  },

  async cancelled(stage, taskId) {
    const task = await stage.play([act, {}], { taskId });
    const hold = task.stages.hold('execute');
    await hold.reached;
    await stage.client.cancel(task.taskId, 'ann');
    return task;
  },

  async 'steered-paused-rolled-back'(stage, taskId) {
    const task = await stage.play([act, act, {}], { taskId });
    const hold = task.stages.hold('plan');
    await hold.reached;
    await stage.client.steer(task.taskId, 'keep the API', 'ann');
    await stage.client.pause(task.taskId, 'ann');
    hold.release();
    await task.stateWhen((state) => state.status === 'paused');
    await stage.client.rollback(task.taskId, 0, 'ann');
    await stage.client.resume(task.taskId, 'ann');
    return task;
  },

  'continue-as-new': (stage, taskId) => stage.play((iteration) => (iteration > 6 ? {} : act), { taskId }),

  async budget(stage, taskId) {
    const task = await stage.play([{ ...act, costUsd: 0.6 }, { ...act, estimatedUsd: 1.9 }, {}], {
      taskId,
      budget: { maxUsd: 1, maxIterations: 1 },
    });
    for (const approvalId of ['i2.budget-1', 'i2.budget-2']) {
      const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === approvalId);
      if (pending[0]) await task.answer(pending[0], {});
    }
    return task;
  },

  async 'fault-asked'(stage, taskId) {
    const task = await stage.play([act], { taskId });
    task.stages.fail('plan', new LonghaulError('model.rate_limited', 'slow down', { retryAfterMs: 100 }));
    task.stages.fail('evaluate', new LonghaulError('sandbox.unavailable', 'no sandbox here'));
    task.stages.fail('evaluate', new LonghaulError('sandbox.unavailable', 'still no sandbox here'));
    const [first] = await task.pending();
    await task.answer(first, {});
    const again = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i1.fault-evaluate-2');
    if (again.pending[0]) await task.answer(again.pending[0], { outcome: 'rejected' });
    return task;
  },
};
