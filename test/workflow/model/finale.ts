import { Worker } from '@temporalio/worker';
import { expect, inject } from 'vitest';
import type { ExecuteInput } from '../../../contracts/activities.ts';
import { ApprovalCardSchema } from '../../../contracts/approval.ts';
import { canonicalBytes, digestOf } from '../../../contracts/digest.ts';
import { fakeSpec } from '../../helpers/fake-facts.ts';
import {
  approvalsAreBound,
  ledgerRecomputes,
  nothingRanUnasked,
  oneObservationAnAction,
} from '../../helpers/invariants.ts';
import { runsOf } from '../history.ts';
import { answered } from './answer-commands.ts';
import { resumed } from './control-commands.ts';
import type { Expected } from './expected.ts';
import type { Real } from './real.ts';
import { calmly, letGoOn } from './stage-commands.ts';
import { recordView, saidBy } from './views.ts';

/** Brings a task to its end the way people would: resumed, everything granted, delivered once nothing is left to be read. */
export async function bringToEnd(x: Expected, real: Real): Promise<void> {
  for (let left = 200; x.wait !== null; left--) {
    if (left === 0) throw new Error('the task does not come to its end');
    const command =
      x.wait.for === 'resume' || x.m.paused
        ? resumed
        : x.wait.for === 'people'
          ? answered('granted', 0, 'update')
          : letGoOn(calmly('deliver'));
    await command.run(x, real);
  }
}

/** Holds what an ended task has left against the model: its outcome, its ledger, the stages it went through, and the invariants. */
export async function expectLeft(x: Expected, real: Real): Promise<void> {
  const { m } = x;
  const { task, lane } = real;
  const outcome = await task.outcome();
  expect(outcome).toMatchObject({ status: m.status, iterations: m.usage.iterations });
  const records = await task.records();
  const views = records.map((record) => recordView(record, treeNumbers(records)));
  const left = (outcome.interventions ?? []).map(saidBy);
  if (x.raced) {
    const flat = [...views.flatMap(({ said }) => said), ...left].slice(-400);
    expect(flat.toSorted()).toEqual([...m.records.flatMap(({ said }) => said), ...m.said].toSorted());
    expect(views.map(unsaid)).toEqual(m.records.map(unsaid));
  } else {
    expect(views).toEqual(m.records);
    expect(left).toEqual(m.said.slice(-40));
  }
  expect(stagesOf(real)).toEqual(m.calls);
  await expectReplays(real);
  expectExecutedAsRecorded(real, records);

  const events = await task.events();
  expect(events.filter(({ type }) => type === 'task.finished')).toHaveLength(1);
  const opened = events.flatMap((event) => (event.type === 'approval.opened' ? [event.approval.digest] : []));
  const cards = await Promise.all(
    opened.map(async (digest) => {
      const bytes = await lane.stage.store.get(digest);
      return [digest, ApprovalCardSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))] as const;
    }),
  );
  const ledger = records.map((record) => ({ digest: digestOf(canonicalBytes(record)), record }));
  const nothing = {
    transcripts: [],
    texts: new Map(),
    secrets: [],
    refs: new Map(),
    leftovers: [],
    history: [],
  };
  const spec = fakeSpec(task.taskId);
  const evidence = { taskId: task.taskId, spec, events, ledger, cards: new Map(cards), ...nothing };
  for (const invariant of [oneObservationAnAction, nothingRanUnasked, approvalsAreBound, ledgerRecomputes])
    expect(invariant(evidence)).toEqual([]);
}

type Records = Awaited<ReturnType<Real['task']['records']>>;

const unsaid = ({ said: _, ...record }: { readonly said: readonly string[] }) => record;

/** Trees by the iteration that made them; 0 is the base. */
function treeNumbers(records: Records): (tree: string) => number {
  const made = new Map<string, number>();
  for (const { iteration, checkpoint } of records) {
    if (made.size === 0) made.set(checkpoint.before, 0);
    if (!made.has(checkpoint.after)) made.set(checkpoint.after, iteration);
  }
  return (tree) => made.get(tree) ?? -1;
}

function stagesOf({ lane, task }: Real): readonly string[] {
  const calls = lane.gate.calls(task.taskId).map(({ stage, input }) => {
    const { iteration } = input as { readonly iteration?: number };
    return iteration === undefined ? stage : `${stage} ${iteration}`;
  });
  return calls.filter((call, index) => call !== calls[index - 1]);
}

/** No action reaches a sandbox but with the digest that the ledger has, and was allowed or granted. */
function expectExecutedAsRecorded({ lane, task }: Real, records: Records): void {
  const recorded = new Map(records.flatMap(({ actions }) => actions.map((action) => [action.id, action])));
  const executed = lane.gate
    .calls(task.taskId)
    .flatMap(({ stage, input }) => (stage === 'execute' ? (input as ExecuteInput).actions : []));
  for (const { id, digest } of executed) {
    expect(recorded.get(id)?.digest, id).toBe(digest);
    expect(recorded.get(id)?.observation.status, id).not.toBe('denied');
  }
}

/** The code as it is replays each run that it made. */
async function expectReplays({ lane, task }: Real): Promise<void> {
  for (const events of await runsOf(lane.stage.temporal, task.taskId)) {
    const workflowBundle = { codePath: inject('workflowBundlePath') };
    await Worker.runReplayHistory({ workflowBundle }, { events: [...events] }, task.taskId);
  }
}
