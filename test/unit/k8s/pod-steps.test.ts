import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import type { StepPlace } from '../../../contracts/sandbox.ts';
import { createPodSteps } from '../../../k8s/pod-steps.ts';
import { createStepRecords } from '../../../sandbox/keeper/step-records.ts';
import { never, shell } from '../../conformance/sandbox-support.ts';
import { type PlayedKeeper, playKeeper } from '../../helpers/played-keeper.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const leaseId = LeaseIdSchema.parse('fix.1');
const ended = {
  status: 'ok',
  exitCode: 0,
  signal: null,
  outputLimit: false,
  memoryLimit: false,
  durationMs: 1,
  adopted: false,
};
const whole = (output: string) => ({
  ...ended,
  fed: { bytes: output.length, sha256: createHash('sha256').update(output).digest('hex') },
});
const fromOf = ({ call }: PlayedKeeper) => (call.call === 'exec' ? call.from : undefined);

async function play(onCall: (keeper: PlayedKeeper) => void) {
  const directory = await temporaryDirectory();
  const records = createStepRecords(directory);
  const podsEnded: string[] = [];
  const { call } = await playKeeper(onCall);
  const steps = createPodSteps({
    call,
    leases: { endPod: async (id) => void podsEnded.push(id) },
    recordsOf: () => records,
  });
  return { steps, records, podsEnded };
}

test('a stream that is cut is gone on with from the byte that had come', async () => {
  const asked: unknown[] = [];
  const { steps, records } = await play((keeper) => {
    asked.push(fromOf(keeper));
    if (keeper.count === 1) {
      keeper.sendBytes(Buffer.from('one '));
      keeper.cut();
    } else {
      keeper.sendBytes(Buffer.from('two'));
      keeper.answer(whole('one two'));
    }
  });
  const step = shell('echo');
  const { output } = await steps.exec(leaseId, step, { signal: never, onOutput: () => undefined });
  expect(Buffer.from(output).toString()).toBe('one two');
  expect(asked).toEqual([0, 4]);
  expect(records.readOutput(step.stepId).toString()).toBe('one two');
});

test('a worker that was started again asks for what it lacks', async () => {
  const asked: unknown[] = [];
  const { steps, records } = await play((keeper) => {
    asked.push(fromOf(keeper));
    keeper.sendBytes(Buffer.from('new'));
    keeper.answer(whole('old new'));
  });
  const step = shell('echo');
  records.markStarted(step.stepId);
  writeFileSync(records.outputFile(step.stepId), 'old ');
  const { output } = await steps.exec(leaseId, step, { signal: never, onOutput: () => undefined });
  expect([asked, Buffer.from(output).toString()]).toEqual([[4], 'old new']);
});

test('what is here and is not what the step wrote is asked for again as a whole', async () => {
  const { steps, records } = await play((keeper) => {
    if (fromOf(keeper) === 0) keeper.sendBytes(Buffer.from('right'));
    keeper.answer(whole('right'));
  });
  const step = shell('echo');
  mkdirSync(path.dirname(records.outputFile(step.stepId)), { recursive: true });
  writeFileSync(records.outputFile(step.stepId), '\0\0\0\0\0');
  const { output } = await steps.exec(leaseId, step, { signal: never, onOutput: () => undefined });
  expect(Buffer.from(output).toString()).toBe('right');
});

test('a keeper whose output is twice not what it says is not believed: its pod ends and the step is lost', async () => {
  const { steps, podsEnded } = await play((keeper) => {
    keeper.sendBytes(Buffer.from('wrong'));
    keeper.answer(whole('right'));
  });
  const watch = { signal: never, onOutput: () => undefined };
  expect(await steps.exec(leaseId, shell('echo'), watch)).toMatchObject({ status: 'lost', adopted: true });
  expect(podsEnded).toEqual([leaseId]);
});

test('output of a keeper of an earlier version, which comes after the answer, is whole too', async () => {
  const { steps } = await play((keeper) => {
    keeper.answer(ended, Buffer.from('at the end'));
  });
  const { output } = await steps.exec(leaseId, shell('echo'), { signal: never, onOutput: () => undefined });
  expect(Buffer.from(output).toString()).toBe('at the end');
});

test('who watches is told job, pod, step and offset as soon as the keeper is reached', async () => {
  const { steps } = await play((keeper) => {
    keeper.sendBytes(Buffer.from('line\n'));
    keeper.sendTail('line\n');
    keeper.answer(whole('line\n'));
  });
  const step = shell('echo');
  const told: [string, StepPlace][] = [];
  await steps.exec(leaseId, step, { signal: never, onOutput: (...words) => told.push(words) });
  const pod = { job: 'lh-job', uid: 'u1' };
  expect(told).toEqual([
    ['', { stepId: step.stepId, pod, offset: 0 }],
    ['line\n', { stepId: step.stepId, pod, offset: 5 }],
  ]);
});

test('a keeper that sends more than a step may write is not believed: its pod ends and the step is lost', async () => {
  const { steps, podsEnded } = await play((keeper) => {
    keeper.sendBytes(Buffer.alloc(11));
    keeper.answer(whole('x'));
  });
  const step = shell('echo', { maxOutputBytes: 10 });
  const result = await steps.exec(leaseId, step, { signal: never, onOutput: () => undefined });
  expect(result).toMatchObject({ status: 'lost', adopted: true });
  expect(podsEnded).toEqual([leaseId]);
});
