import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, expect, inject, test } from 'vitest';
import { workerVersion } from '../../workflows/worker-version.ts';
import '../helpers/temporal-setup.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { type RecordedEvent, type RecordedHistory, recordedHistories } from './histories.ts';
import { scenarios } from './scenarios.ts';

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

const histories = recordedHistories();

const replay = ({ workflowId, events }: Pick<RecordedHistory, 'workflowId' | 'events'>) =>
  Worker.runReplayHistory(
    { workflowBundle: { codePath: inject('workflowBundlePath') } },
    { events },
    workflowId,
  );

test.each(histories)("today's code replays $name", async (history) => {
  await replay(history);
});

test('each way that a task can go is recorded for this version, with every run of it', () => {
  const recorded = histories.map((history) => history.name);
  const expected = Object.keys(scenarios).map((name) => `${workerVersion()}/${name}.1`);
  expect(recorded).toEqual(expect.arrayContaining([...expected, `${workerVersion()}/continue-as-new.2`]));
});

test('a directory without histories is an error, not a success', async () => {
  const directory = await temporaryDirectory();
  expect(() => recordedHistories(directory)).toThrow('no version');
  mkdirSync(join(directory, '9.9.9'));
  expect(() => recordedHistories(directory)).toThrow('no history');
});

function delivered(): RecordedHistory {
  const found = histories.find((history) => history.name === '0.1.0/delivered.1');
  if (!found) throw new Error('there is no history of a delivery');
  return found;
}

/** The history with its events changed by `change`, and numbered anew. */
function tampered(change: (events: readonly RecordedEvent[]) => readonly RecordedEvent[]) {
  const { workflowId, events } = delivered();
  return {
    workflowId,
    events: change(events).map((event, index) => ({ ...event, eventId: `${index + 1}` })),
  };
}

const replaced = (text: string, by: string) =>
  tampered((events) => JSON.parse(JSON.stringify(events).replace(text, by)) as readonly RecordedEvent[]);
const firstOf = (events: readonly RecordedEvent[], attributes: string) =>
  events.findIndex((event) => attributes in event);

/** An evaluation's result that goes on instead of delivering; other events as they are. */
function goesOn(event: RecordedEvent): RecordedEvent {
  const changed = JSON.stringify(event).replace(/"data":"([^"]+)"/g, (whole, data: string) => {
    const text = Buffer.from(data, 'base64').toString();
    const other = Buffer.from(text.replace('"next":"deliver"', '"next":"continue"')).toString('base64');
    return text.includes('"next":"deliver"') ? `"data":"${other}"` : whole;
  });
  return 'activityTaskCompletedEventAttributes' in event ? (JSON.parse(changed) as RecordedEvent) : event;
}

test.each([
  [
    'another activity was scheduled',
    () => replaced('"activityType":{"name":"evaluate"}', '"activityType":{"name":"execute"}'),
  ],
  ['an evaluation says something else', () => tampered((events) => events.map(goesOn))],
  [
    'a decision of policy is missing',
    () => tampered((events) => events.toSpliced(firstOf(events, 'markerRecordedEventAttributes'), 1)),
  ],
] as const)('a history in which %s does not replay', async (_, history) => {
  await expect(replay(history())).rejects.toThrow(DeterminismViolationError);
});
