import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectEvidence } from '../helpers/e2e-evidence.ts';
import { answerAll } from './answer-all.ts';
import { type ChaosTask, type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { killServer } from './faults/break-server.ts';
import { killWorker } from './faults/kill-worker.ts';
import { atThisLevel } from './level.ts';
import { type Moment, momentText } from './moments/moment.ts';
import { judgeEnd, report, untilStopped } from './run-cell.ts';

let world: ChaosWorld;

beforeAll(async () => {
  // Less than one iteration: each is a run of its own.
  world = await openChaosWorld({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=15'] });
});
afterAll(() => world.close());

const moment = (stage: Moment['stage'], at: Moment['at'], iteration: number | null): Moment => ({
  stage,
  at,
  call: null,
  iteration,
});

// The record is the last thing of a run: the workflow task in which it is made also begins the next one.
const cells = atThisLevel([
  { from: 'brief', fault: killWorker, moment: moment('record', 'after', 1) },
  { from: 'usual', fault: killWorker, moment: moment('record', 'before', 2) },
  { from: 'brief', fault: killWorker, moment: moment('plan', 'before', 2) },
  { from: 'usual', fault: killServer, moment: moment('record', 'after', 1) },
  { from: 'usual', fault: killServer, moment: moment('plan', 'before', 2) },
] as const).map((cell) => ({ ...cell, text: `${cell.fault.name}, ${momentText(cell.moment)}` }));

async function expectAsWithout(task: ChaosTask, fault: string, text: string): Promise<void> {
  const problems = await judgeEnd(world, task, false);
  report({ fault, moment: text, recoveryMs: null, problems });
  expect(problems).toEqual([]);
}

async function runsOf({ taskId }: ChaosTask): Promise<number> {
  const { history } = await collectEvidence(world, taskId);
  return new Set(history.map(({ seq }) => seq.split('.')[0])).size;
}

test.for(cells)(
  'between two runs of the workflow, $text: the task ends as without',
  async ({ fault, moment: at, text }) => {
    await world.replaceWorkers();
    const task = await world.startTask(at);
    const stopped = await untilStopped(world, task, text);
    const letGo = () => world.moments.letGo(task.taskId);
    await fault.inflict({ world, task, stopped, letGo });
    letGo();
    await expectAsWithout(task, `${fault.name}, at continue-as-new`, momentText(at));
    expect(await runsOf(task)).toBeGreaterThan(3);
  },
);

test('every worker is killed while a person is waited for: the question survives, and the answer counts', async () => {
  await world.replaceWorkers();
  const task = await world.startTask(null, {}, () => undefined);
  const { approval } = await task.story.until('approval.opened');
  await world.killWorkers();
  await world.replaceWorkers();
  answerAll(world.client, task.story);
  await expectAsWithout(task, 'kill -9 of every worker', 'while a person is waited for');
  const { ledger } = await collectEvidence(world, task.taskId);
  const answers = ledger.flatMap(({ record }) => record.approvals);
  expect(answers).toContainEqual(
    expect.objectContaining({ approvalId: approval.approvalId, digest: approval.digest, outcome: 'granted' }),
  );
});
