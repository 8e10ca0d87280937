import { expect, test } from 'vitest';
import { createRecord } from '../../../activities/record.ts';
import type { Digest } from '../../../contracts/ids.ts';
import { type IterationRecord, IterationRecordSchema } from '../../../contracts/record.ts';
import { someRecord } from '../../helpers/iteration-record.ts';
import { createMemoryStore } from '../../helpers/memory-store.ts';
import { artifactText } from '../../helpers/task-fixture.ts';

test('the same record twice has one digest, whatever the order of its keys', async () => {
  const artifacts = createMemoryStore();
  const record = createRecord({ artifacts });
  const one = someRecord();
  const turned = Object.fromEntries(Object.entries(one).reverse()) as IterationRecord;
  const { digest } = await record({ record: one });
  expect(await record({ record: turned })).toEqual({ digest });
  expect(artifacts.digests()).toEqual([digest]);
  expect(IterationRecordSchema.parse(JSON.parse(await artifactText({ artifacts }, digest)))).toEqual(one);
});

test('the digest covers the record before', async () => {
  const record = createRecord({ artifacts: createMemoryStore() });
  const previous = `sha256:${'1'.repeat(64)}` as Digest;
  const one = await record({ record: someRecord() });
  expect(await record({ record: { ...someRecord(), previous } })).not.toEqual(one);
});

test('half of a character in what a person said does not stop the ledger', async () => {
  const artifacts = createMemoryStore();
  const steers = [{ by: 'ann', text: 'x\uD83D' }];
  const { digest } = await createRecord({ artifacts })({ record: { ...someRecord(), steers } });
  expect(await artifactText({ artifacts }, digest)).toContain('"x\uFFFD"');
});

test('a record that is not what its schema says is never stored', async () => {
  const artifacts = createMemoryStore();
  const wrong = { ...someRecord(), schemaVersion: 2 } as unknown as IterationRecord;
  await expect(createRecord({ artifacts })({ record: wrong })).rejects.toThrow(/schemaVersion/);
  expect(artifacts.digests()).toEqual([]);
});
