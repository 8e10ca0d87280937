import { expect, test } from 'vitest';
import { AnswerSchema } from '../../contracts/approval.ts';
import { IterationRecordSchema } from '../../contracts/record.ts';
import { TaskSpecSchema } from '../../contracts/task.ts';
import { messageName } from '../../contracts/words/messages.ts';
import { workerVersion } from '../../workflows/worker-version.ts';
import { contractsNow, keptContracts, keptVersions } from './contracts.ts';
import { recordedHistories } from './histories.ts';
import { recordedMessages } from './recorded-messages.ts';
import { narrowings } from './widening.ts';

/** Of a version that is not released yet they may change: `node tools/record-histories.ts --contracts` keeps today's. */
const versions = keptVersions();
const now = contractsNow();

test('the contracts of this version are kept', () => {
  expect(versions).toContain(workerVersion());
});

test.each(versions)('what %s named on the wire has that name still', (version) => {
  for (const [group, names] of Object.entries(keptContracts(version).names))
    expect(now.names[group]).toMatchObject(names);
});

test.each(versions)('what %s could write is taken today', (version) => {
  const { schemas } = keptContracts(version);
  const found = Object.entries(schemas).flatMap(([name, schema]) =>
    now.schemas[name] === undefined ? [`${name}: gone`] : narrowings(schema, now.schemas[name], name),
  );
  expect(found).toEqual([]);
});

test.each(versions)('the records that %s wrote can be read', (version) => {
  const { records } = keptContracts(version);
  expect(records.length).toBeGreaterThan(5);
  for (const record of records) IterationRecordSchema.parse(record);
});

test.each(recordedHistories())('the messages in $name are known, and their payloads taken', (history) => {
  const parsers: Readonly<Record<string, (payload: unknown) => unknown>> = {
    [messageName.decide]: (payload) => AnswerSchema.parse(payload),
    start: (payload) => TaskSpecSchema.parse(payload),
  };
  const names: readonly string[] = Object.values(messageName);
  const messages = recordedMessages(history);
  expect(messages.length).toBeGreaterThan(0);
  for (const { name, payload } of messages) {
    if (name !== 'start' && name !== 'continue') expect(names).toContain(name);
    parsers[name]?.(payload);
  }
});
