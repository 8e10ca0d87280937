import { expect, test } from 'vitest';
import { LonghaulError } from '../../contracts/error.ts';
import { shell } from '../helpers/fake-facts.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const act = { actions: [shell('ls')] };
const paid = {
  usage: { inputTokens: 7, cachedTokens: 2, outputTokens: 3, reasoningTokens: 1 },
  costUsd: 0.5,
};

test.concurrent('a compaction is paid once, also when the call after it fails and is tried again', async () => {
  const task = await stage().play([{ ...act, compactionUsd: 0.2, costUsd: 0.1 }, {}]);
  const compacting = task.stages.hold('plan');
  await compacting.reached;
  await stage().client.steer(task.taskId, 'first', 'ann');
  task.stages.fail('plan', new LonghaulError('model.unauthorized', 'the key was refused'));
  compacting.release();
  const [fault] = await task.pending();
  expect((await task.state()).usage).toMatchObject({ modelCalls: 0, inputTokens: 1000, costUsd: 0.2 });
  await stage().client.steer(task.taskId, 'second', 'bob');
  await task.answer(fault, {});
  const { usage } = await task.outcome();
  expect(usage).toMatchObject({ modelCalls: 2, inputTokens: 3000 });
  expect(usage.costUsd).toBeCloseTo(0.31);

  const [before, failed, again] = task.stages.inputs('plan');
  expect(before).toMatchObject({ compaction: null, transcript: null, paid: { costUsd: 0 } });
  for (const input of [failed, again]) {
    expect(input).toMatchObject({
      iteration: 1,
      compaction: { keptPrefixItems: 3 },
      transcript: { items: 4 },
      paid: { usage: { inputTokens: 1000 }, costUsd: 0.2 },
    });
  }
  const [record, next] = await task.records();
  expect(record?.plan).toMatchObject({ prefixChangedAt: 3, usage: { inputTokens: 2000 } });
  expect(record?.plan.costUsd).toBeCloseTo(0.3);
  expect(next?.plan).toMatchObject({ prefixChangedAt: null, usage: { inputTokens: 1000 } });
  expect(record?.steers.map((steer) => steer.text)).toEqual(['first', 'second']);
});

test.concurrent('what people say before a compaction and after it is read once each, and both is in the record', async () => {
  const task = await stage().play([act, { ...act, compactionUsd: 0 }, {}]);
  const executing = task.stages.hold('execute');
  await executing.reached;
  await stage().client.steer(task.taskId, 'before', 'ann');
  const compacting = task.stages.hold('plan');
  executing.release();
  await compacting.reached;
  await stage().client.steer(task.taskId, 'after', 'bob');
  compacting.release();
  await task.outcome();
  const texts = task.stages.inputs('plan').map(({ steers }) => steers.map((steer) => steer.text));
  expect(texts).toEqual([[], ['before'], ['after'], []]);
  const records = await task.records();
  expect(records.map(({ steers }) => steers.map((steer) => steer.text))).toEqual([
    [],
    ['before', 'after'],
    [],
  ]);
});

test.concurrent('what a plan has paid before it failed for good counts, and is in the record of the one that succeeds', async () => {
  const task = await stage().play([{ ...act, costUsd: 0.1 }, {}]);
  const first = task.stages.hold('plan');
  task.stages.fail(
    'plan',
    new LonghaulError('model.quota_exhausted', 'no money', { details: { paid: JSON.stringify(paid) } }),
  );
  const [fault] = await task.pending();
  expect((await task.state()).usage).toMatchObject({ modelCalls: 0, inputTokens: 7, costUsd: 0.5 });
  await task.answer(fault, {});
  await first.reached;
  first.release();
  const { usage } = await task.outcome();
  expect(usage).toMatchObject({ modelCalls: 2, inputTokens: 2007, cachedTokens: 1602 });
  expect(usage.costUsd).toBeCloseTo(0.61);
  expect(task.stages.inputs('plan').map((input) => input.paid.costUsd)).toEqual([0, 0.5, 0]);
  expect((await task.records()).map(({ plan }) => plan.usage.inputTokens)).toEqual([1007, 1000]);
});

test.concurrent('a task whose budget is used up by a compaction asks, and pays no second one', async () => {
  const task = await stage().play([{ ...act, compactionUsd: 0.9, estimatedUsd: 0.5, costUsd: 0.1 }, {}], {
    budget: { maxUsd: 1, maxIterations: 9 },
  });
  const [approval] = await task.pending();
  expect(approval.subject).toBe('budget');
  expect((await task.state()).usage.costUsd).toBeCloseTo(0.9);
  await task.answer(approval, {});
  const { usage } = await task.outcome();
  expect(usage.costUsd).toBeCloseTo(1.01);
  expect(task.stages.inputs('plan').map((input) => input.compaction !== null)).toEqual([
    ...[false, true, true, false],
  ]);
});
