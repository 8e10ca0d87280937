import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { PlanOutput } from '../../../contracts/activities.ts';
import { createOpenAiClient, defaultModelLimits } from '../../../models/openai-client.ts';
import { createProfileTable } from '../../../models/profile.ts';
import { toFailure } from '../../../workers/fault-interceptor.ts';
import { makePlanPlay, type PlanPlay } from '../../helpers/plan-play.ts';

const usage = { input_tokens: 100, output_tokens: 10 };
const reply = [{ message: 'Hm.' }, { exec_command: 'ls' }];

type Pass = (incoming: IncomingMessage, answer: ServerResponse) => Promise<void>;

/** A way to the model server that can be slow and can be gone. `before` is awaited before an answer is passed on. */
async function openWay(play: PlanPlay, before: (n: number, answer: ServerResponse) => Promise<void>) {
  let passed = 0;
  let late = 0;
  const pass: Pass = async (incoming, answer) => {
    passed += 1;
    const n = passed;
    const body = new Uint8Array(await buffer(incoming));
    const real = await fetch(`${play.server.url}/responses`, { method: 'POST', body });
    const bytes = Buffer.from(await real.arrayBuffer());
    await before(n, answer);
    if (answer.destroyed) late += 1;
    answer.writeHead(real.status, { 'content-type': real.headers.get('content-type') ?? '' }).end(bytes);
  };
  let server = createServer();
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const listen = async (port: number) => {
    server = createServer((incoming, answer) => void pass(incoming, answer));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  const model = createOpenAiClient({
    ...defaultModelLimits,
    idleTimeoutMs: 1000,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    apiKey: 'sk-test',
    organization: null,
    project: null,
    profileOf: createProfileTable({ profiles: {} }),
    nowMs: Date.now,
  });
  const ports = { ...play.task.ports, model };
  return { ports, close, open: () => listen(port), passed: () => passed, late: () => late };
}

/** A try that fails, and whether the worker has it tried again, and the next one too. */
async function failedTry(play: PlanPlay, ports: PlanPlay['task']['ports'], attempt: number) {
  const error = await play.plan(play.input(), ports).then(
    (planned: PlanOutput) => new Error(`expected a failure, got ${planned.status}`),
    (reason: unknown) => reason,
  );
  const { type, nonRetryable } = toFailure(error, attempt);
  return { type, nonRetryable };
}

const waitedOut = { type: 'model.unavailable', nonRetryable: false };

test('a server that answers after the time-out of the client is asked again, and the late answer is not in the transcript', async () => {
  const play = await makePlanPlay({ turns: [{ reply, usage }] });
  const way = await openWay(play, async (n, answer) => {
    if (n === 1) await once(answer, 'close');
  });
  expect(await failedTry(play, way.ports, 1)).toEqual(waitedOut);
  const planned = await play.plan(play.input(), way.ports);
  expect(way.late()).toBe(1);
  expect(way.passed()).toBe(2);
  // Developer, context, task, and one answer of two items.
  expect(planned).toMatchObject({ status: 'planned', transcript: { items: 5 }, actions: [{ id: 'i1.a1' }] });
  const [first, second] = play.requests();
  expect(second?.inputText).toBe(first?.inputText);
});

test('a server that is gone for more tries than any other fault has is waited out', async () => {
  const play = await makePlanPlay({ turns: [{ reply, usage }] });
  const way = await openWay(play, async () => {});
  await way.close();
  for (const attempt of [1, 2, 3, 20, 21, 500]) {
    expect(await failedTry(play, way.ports, attempt)).toEqual(waitedOut);
  }
  expect(play.requests()).toEqual([]);
  await way.open();
  const planned = await play.plan(play.input(), way.ports);
  expect(planned).toMatchObject({ status: 'planned', transcript: { items: 5 } });
  expect(play.requests()).toHaveLength(1);
});
