import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PendingApproval } from '../../contracts/approval.ts';
import type { Notification } from '../../contracts/notifier.ts';
import { embeddedServerStatus } from '../../workers/embedded-server/status.ts';
import { startWorkerProcess } from '../../workers/worker-processes.ts';
import { brokenSum, conversation, mendSum, sumCheck } from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { kill, openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { testBuild, timed } from '../helpers/worker-builds.ts';

/** The first reminder comes after an "hour" of this length. */
const hourMs = 8_000;
const expiryMs = 40_000;
const limitMs = 60_000;

/** A model that asks, reads this, mends the sum and is done. */
const asks = (name: string, answer: string) =>
  conversation(name, [
    { reply: [{ ask_human: 'Shall it add or multiply?' }] },
    { expect: { contains: [answer] }, reply: [{ apply_patch: mendSum }] },
    { reply: [{ message: 'It adds now.' }] },
  ]);
const scenario = {
  conversations: [asks('silent', 'nobody answered in time'), asks('answered', 'It shall add')],
};

const told: Notification[] = [];
/** Takes what is told of tasks, each thing once. */
const receiver = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const notification: Notification = JSON.parse(String(Buffer.concat(parts)));
    if (!told.some(({ id }) => id === notification.id)) told.push(notification);
    response.end();
  });
});
const toldOf = ({ taskId }: Story) => told.filter((one) => one.taskId === taskId).map(({ type }) => type);

let world: World;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const env = { LONGHAUL_NOTIFY_URL: `http://127.0.0.1:${port}/` };
  world = await openWorld({ scenario, workers: 0, env });
  const soon = await testBuild(world, 'soon', timed({ hourMs, sandboxGraceMs: 1_000 }));
  await startWorkerProcess({ home: world.home, env: soon.env });
});
afterAll(async () => {
  await world.close();
  receiver.closeAllConnections();
  receiver.close();
});

/** A task whose model has asked a person. */
async function startAsking(name: string, approvalTimeoutMs: number) {
  const story = await world.start({
    instruction: `Mend the sum (${name}).`,
    repository: world.repository(name, brokenSum),
    checks: [sumCheck],
    approvalTimeoutMs,
  });
  const { approval } = await story.until('approval.opened');
  await vi.waitFor(() => expect(toldOf(story)).toEqual(['approval.opened']), limitMs);
  return { story, approval };
}

/** Takes the server away as a power cut would, and brings it back on the same file when a time has passed. */
async function withoutServerUntil(ms: number): Promise<void> {
  const before = await embeddedServerStatus(world.home);
  if (before.status !== 'running') throw new Error('the server does not run');
  await kill(before.server);
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(ms), limitMs);
  await world.startServer();
}

async function recordedAnswer({ taskId }: Story, { approvalId }: PendingApproval) {
  const { ledger } = await expectInvariants(world, taskId);
  const answers = ledger.flatMap(({ record }) => record.approvals);
  return answers.find((answer) => answer.approvalId === approvalId);
}

test('a question that waits while the server is killed is reminded of and expires when its time came meanwhile, and another one takes its answer', async () => {
  const silent = await startAsking('silent', expiryMs);
  const answered = await startAsking('answered', 10 * expiryMs);

  await withoutServerUntil(answered.approval.openedAtMs + hourMs);
  for (const { story } of [silent, answered]) {
    await vi.waitFor(() => expect(toldOf(story)).toEqual(['approval.opened', 'approval.reminder']), limitMs);
  }
  expect(Date.now()).toBeLessThan(silent.approval.expiresAtMs);

  await withoutServerUntil(silent.approval.expiresAtMs);
  expect(await silent.story.end()).toMatchObject({ status: 'delivered' });
  const expired = await recordedAnswer(silent.story, silent.approval);
  expect(expired).toMatchObject({ outcome: 'expired', by: { name: 'timer', proof: 'timer' } });
  expect(expired?.decidedAtMs).toBeGreaterThanOrEqual(silent.approval.expiresAtMs);

  await answered.story.answer(answered.approval, { reason: 'It shall add' });
  expect(await answered.story.end()).toMatchObject({ status: 'delivered' });
  expect(await recordedAnswer(answered.story, answered.approval)).toMatchObject({ outcome: 'granted' });
  for (const { story } of [silent, answered])
    expect(toldOf(story)).toEqual(['approval.opened', 'approval.reminder', 'task.ended']);
});
