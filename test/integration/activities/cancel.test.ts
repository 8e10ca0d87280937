import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createEvaluate } from '../../../activities/evaluate/evaluate.ts';
import { createExecute } from '../../../activities/execute.ts';
import type { PulseDetails } from '../../../activities/pulse.ts';
import type { EvaluateInput, ExecuteInput } from '../../../contracts/activities.ts';
import { required } from '../../helpers/check-results.ts';
import {
  artifactText,
  executeInput,
  inActivity,
  makeTaskFixture,
  quiet,
  shellBody,
  storedAction,
  type TaskFixture,
} from '../../helpers/task-fixture.ts';

/** Waits for a file that a test may never make; what it has written shows that it ran, and how often. */
const line = 'echo begun; echo begun >> runs; until [ -e go ]; do sleep 0.05; done; echo ended';

const cancellations = {
  task: { reason: 'CANCELLED', details: { cancelRequested: true } },
  worker: { reason: 'WORKER_SHUTDOWN', details: {} },
} as const;

/** Runs an activity until its command has begun, then cancels it as `who` does. */
async function cancelled<I>(
  activity: (input: I) => Promise<unknown>,
  input: I,
  who: keyof typeof cancellations,
): Promise<void> {
  const env = new MockActivityEnvironment({}, { logger: quiet });
  const beat = vi.fn<(details: PulseDetails) => void>();
  env.on('heartbeat', beat);
  const running = env.run(activity, input);
  const rejected = expect(running).rejects.toThrow();
  await vi.waitFor(
    () =>
      expect(beat).toHaveBeenCalledWith(expect.objectContaining({ tail: expect.stringContaining('begun') })),
    { timeout: 20_000 },
  );
  const { reason, details } = cancellations[who];
  env.cancel(reason, new ActivityCancellationDetails(details));
  await rejected;
}

async function inputOf(task: TaskFixture, iteration = 1, command = line): Promise<ExecuteInput> {
  const actions = [await storedAction(task.ports, `i${iteration}.a1`, shellBody(command))];
  return executeInput(task, actions, { iteration });
}

const step = {
  argv: ['true'],
  cwd: '.',
  env: {},
  stdin: null,
  timeoutMs: 1000,
  maxOutputBytes: 1000,
} as const;

/** Runs beside a step that still runs, as the test's own hand in the sandbox. */
async function inSandbox(task: TaskFixture, stepId: string, command: string): Promise<string> {
  const asked = { ...step, stepId: stepId as never, argv: ['sh', '-c', command] as const };
  const watch = { signal: new AbortController().signal, onOutput: () => undefined };
  const { output } = await task.ports.sandbox.exec(task.leaseId(), asked, watch);
  return new TextDecoder().decode(output);
}

describe('a cancellation while a command runs', () => {
  test('of the task ends the command', async () => {
    const task = await makeTaskFixture();
    const input = await inputOf(task);
    await cancelled(createExecute(task.ports), input, 'task');
    const again = await inActivity(createExecute(task.ports), input);
    expect(again.observations).toMatchObject([{ status: 'cancelled' }]);
    expect(await inSandbox(task, 'look', 'cat runs')).toBe('begun\n');
  });

  test('of the worker leaves it running for the next one, which gets all of its output', async () => {
    const task = await makeTaskFixture();
    const input = await inputOf(task);
    await cancelled(createExecute(task.ports), input, 'worker');
    await inSandbox(task, 'let-go', 'touch go');
    const next = await inActivity(createExecute(task.ports), input, { attempt: 2 });
    expect(next.observations).toMatchObject([{ status: 'ok' }]);
    expect(await artifactText(task.ports, next.observations[0]?.outputDigest ?? null)).toBe('begun\nended\n');
    expect(await inSandbox(task, 'look', 'cat runs')).toBe('begun\n');
  });

  test.each([
    ['task', 'failed'],
    ['worker', 'passed'],
  ] as const)('of the %s does the same to a check', async (who, status) => {
    const task = await makeTaskFixture();
    const { specDigest, contextDigest, base } = task;
    const input: EvaluateInput = {
      taskId: task.spec.taskId,
      iteration: 1,
      specDigest,
      contextDigest,
      workspace: base,
      checks: [required(line)],
      depth: 'all',
      modelSaysDone: false,
      repeatedActions: false,
      last: null,
      stuckFor: 0,
      best: null,
    };
    await cancelled(createEvaluate(task.ports), input, who);
    await inSandbox(task, 'let-go', 'touch go');
    const { evaluation } = await inActivity(createEvaluate(task.ports), input);
    expect(evaluation.checks).toMatchObject([{ status }]);
  });
});
