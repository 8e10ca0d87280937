import { expect, test } from 'vitest';
import { localActivityOf } from '../../client/projection/local-activity.ts';
import type { CodingTaskInput } from '../../contracts/task-state.ts';
import { workflowType } from '../../contracts/words/messages.ts';
import { patch, shell } from '../helpers/fake-facts.ts';
import type { PlayedTask } from '../helpers/task-play.ts';
import { localActivities, runsOf } from './history.ts';
import { useStage } from './stage.ts';

const stage = useStage();
const allowed = { actions: [shell('ls')] };
const denied = { actions: [{ kind: 'invalid', reason: 'no such tool' } as const] };

async function decided(task: PlayedTask) {
  await task.outcome();
  const { events } = await task.handle.fetchHistory();
  const records = await task.records();
  return {
    asked: localActivities(events ?? []).filter((name) => name === 'authorize').length,
    outcomes: records.map(({ actions }) => actions[0]?.decision.outcome),
    observed: records.map(({ actions }) => actions[0]?.observation.status),
  };
}
const same = { outcomes: ['allow', 'deny'], observed: ['ok', 'denied'] };

test.concurrent('what the plan has decided is not asked of policy again', async () => {
  const task = await stage().play([allowed, denied, {}]);
  const { asked, outcomes, observed } = await decided(task);
  // Once for the delivery, which is no action of a plan.
  expect(asked).toBe(1);
  expect({ outcomes: outcomes.slice(0, 2), observed: observed.slice(0, 2) }).toEqual(same);
});

test.concurrent('a plan that could not decide leaves it to the stage of its own, which allows and denies the same', async () => {
  const task = await stage().play([{ ...allowed, undecided: true }, { ...denied, undecided: true }, {}]);
  const { asked, outcomes, observed } = await decided(task);
  expect(asked).toBe(3);
  expect({ outcomes: outcomes.slice(0, 2), observed: observed.slice(0, 2) }).toEqual(same);
});

test.concurrent('a denial and a question that come with the plan hold, and each decision is told once', async () => {
  const hooks = patch('.git/hooks/post-commit', 'id');
  const task = await stage().play([{ actions: [hooks, shell('npm install left-pad'), shell('ls')] }, {}]);
  const [approval] = await task.pending();
  expect(approval).toMatchObject({ approvalId: 'i1.a1' });
  expect(task.stages.calls).not.toContain('execute');
  await task.answer(approval, { outcome: 'rejected', reason: 'no' });
  await task.outcome();
  expect(task.stages.inputs('execute')[0]?.actions.map(({ id }) => id)).toEqual(['i1.a2']);
  const [first] = await task.records();
  expect(first?.actions.map(({ observation }) => observation.status)).toEqual(['denied', 'denied', 'ok']);
  const told = (await task.events()).flatMap((event) =>
    event.type === 'action.decided' ? [event.actionId] : [],
  );
  expect(told).toEqual(['i1.a0', 'i1.a1', 'i1.a2', 'i2.deliver']);
});

test.concurrent('what a person lets stand is known to the next plan, and an edit is judged apart', async () => {
  const install = { actions: [shell('npm install left-pad')] };
  const task = await stage().play([install, install, { actions: [shell('npm publish')] }, {}]);
  const [first] = await task.pending();
  await task.answer(first, { scope: 'task' });
  const { pending } = await task.stateWhen((state) => state.pending[0]?.approvalId === 'i3.a0');
  const editedDigest = await stage().client.putAction(shell('npm install left-pad@1.3.0'));
  if (pending[0]) await task.answer(pending[0], { outcome: 'edited', editedDigest });
  await task.outcome();
  expect(task.stages.inputs('plan').map(({ standing }) => standing?.length)).toEqual([0, 1, 1, 1]);
  expect(await askedApart(task)).toEqual([['i1.a0'], ['i3.a0'], ['i3.a0'], ['i4.deliver']]);
});

test.concurrent('what stands by a rule that came while the model answered is judged afresh', async () => {
  const asked = await stage().play([{ actions: [shell('npm install left-pad')] }, allowed, {}]);
  const [first] = await asked.pending();
  const plan = asked.stages.hold('plan');
  const task = await goOnWithOpenQuestion(asked);
  await plan.reached;
  await task.answer(first, { scope: 'task' });
  plan.release();
  await task.outcome();
  const standing = task.stages.inputs('plan').map((input) => input.standing?.length);
  expect(standing).toEqual([0, 0, 1]);
  expect(await askedApart(task)).toEqual([['i2.a0'], ['i3.deliver']]);
});

test.concurrent('standing rules that are too long to be sent with a plan hold all the same', async () => {
  const installs = Array.from({ length: 5 }, (_, index) =>
    shell(`npm install ${'a'.repeat(450)}${'bcdef'[index]}`),
  );
  const task = await stage().play([{ actions: installs }, { actions: installs }, allowed, {}]);
  for (const approval of await task.pending(installs.length)) await task.answer(approval, { scope: 'task' });
  await task.outcome();
  const standing = task.stages.inputs('plan').map((input) => input.standing?.length);
  expect(standing).toEqual([0, undefined, undefined, undefined]);
  const [, again] = await task.records();
  const rules = again?.actions.map(({ decision }) => `${decision.outcome} by ${decision.ruleId}`);
  expect(rules).toEqual(installs.map((_, index) => `allow by standing/${index + 1}`));
});

/**
 * The task once more, from the state that it has now, as a new run gets it: at the beginning of an iteration, with its question still open. No
 * run leaves one open today: an answer cannot come in any other way while a model answers.
 */
async function goOnWithOpenQuestion(task: PlayedTask): Promise<PlayedTask> {
  const input: CodingTaskInput = { type: 'continue', state: { ...(await task.state()), status: 'running' } };
  await task.handle.terminate();
  const { temporal, workerOptions } = stage();
  await temporal.workflow.start(workflowType, {
    workflowId: task.taskId,
    taskQueue: workerOptions.taskQueue ?? '',
    args: [input],
  });
  return task;
}

/** What policy was asked apart from the plans: the actions of each time. */
async function askedApart({ taskId }: PlayedTask): Promise<readonly (readonly string[])[]> {
  const events = (await runsOf(stage().temporal, taskId)).flat();
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    const local = marker ? localActivityOf(marker) : undefined;
    if (local?.type !== 'authorize') return [];
    const { decisions } = local.result as { readonly decisions: readonly { readonly actionId: string }[] };
    return [decisions.map(({ actionId }) => actionId)];
  });
}
