import { expect, test } from 'vitest';
import {
  createTranscriptStore,
  type StoredTranscript,
  type TranscriptStore,
} from '../../../activities/transcript-store.ts';
import type { TranscriptRef } from '../../../contracts/activities.ts';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { toTranscriptBytes, transcriptItems } from '../../../contracts/transcript-bytes.ts';
import { createMemoryStore } from '../../helpers/memory-store.ts';

const item = (n: number): TranscriptItem => ({ type: 'message', n });

/** A transcript of `segments` segments with two items each. */
async function written(segments: number) {
  const artifacts = createMemoryStore();
  const store = createTranscriptStore(artifacts);
  let after: StoredTranscript | null = null;
  const refs: TranscriptRef[] = [];
  for (let n = 0; n < segments; n++) {
    const added = [item(2 * n), item(2 * n + 1)];
    after = await store.append(after, toTranscriptBytes(added), about(n));
    refs.push(after.ref);
  }
  return { artifacts, store, refs };
}

const about = (tokens: number) => ({ tokens, dialect: 'a' });

const read = async (store: TranscriptStore, ref: TranscriptRef) =>
  transcriptItems((await store.load(ref)).bytes);
const upTo = (items: number) => Array.from({ length: items }, (_, n) => item(n));

test('a transcript is read by another worker as it was written, at each of its states', async () => {
  const { artifacts, refs } = await written(5);
  const other = createTranscriptStore(artifacts);
  for (const [index, ref] of [...refs.entries()].reverse()) {
    expect(ref).toMatchObject({ items: 2 * (index + 1), tokens: index });
    expect(await read(other, ref)).toEqual(upTo(2 * (index + 1)));
  }
});

test('an iteration stores only what it adds', async () => {
  const { artifacts, refs } = await written(50);
  const sizes = await Promise.all(refs.map(async ({ digest }) => (await artifacts.get(digest)).byteLength));
  expect(Math.max(...sizes)).toBeLessThan(300);
});

test('the same states have the same digests, and what differs before differs after', async () => {
  const [one, other] = await Promise.all([written(3), written(3)]);
  expect(one.refs).toEqual(other.refs);
  const store = createTranscriptStore(createMemoryStore());
  const begun = await store.append(null, toTranscriptBytes([item(9)]), about(0));
  const goneOn = await store.append(begun, toTranscriptBytes([item(4), item(5)]), about(2));
  expect(goneOn.ref.digest).not.toBe(one.refs[2]?.digest);
});

test('a transcript that is long out of memory is read whole again', async () => {
  const { store, refs } = await written(80);
  const [first] = refs;
  if (first === undefined) throw new Error('nothing was written');
  expect(await read(store, first)).toEqual(upTo(2));
});

test('a damaged segment is a typed error', async () => {
  const { artifacts, refs } = await written(3);
  const [first, , last] = refs;
  if (first === undefined || last === undefined) throw new Error('nothing was written');
  artifacts.damage(first.digest);
  await expect(createTranscriptStore(artifacts).load(last)).rejects.toMatchObject({
    code: 'artifact.corrupted',
  });
});

test('what one worker sends another sends to the byte, whatever keys and numbers a server has written', async () => {
  const odd = '{"b":1,"10":2,"9":1e21,"text":"},{\\"\\u2028é","__proto__":{"a":[{}]}}';
  const artifacts = createMemoryStore();
  const store = createTranscriptStore(artifacts);
  const json = new TextEncoder().encode(odd);
  const one = await store.append(null, { json, items: 1 }, about(1));
  const two = await store.append(one, toTranscriptBytes([item(1)]), about(2));
  const read = await createTranscriptStore(artifacts).load(two.ref);
  expect(Buffer.from(read.bytes.json).toString()).toBe(`${odd},${JSON.stringify(item(1))}`);
  expect(read).toEqual(two);
});

test('an artifact that was not written as a segment is a typed error, whatever it means', async () => {
  const artifacts = createMemoryStore();
  const digest = await artifacts.put(Buffer.from('{"items": [], "previous": null}'));
  await expect(
    createTranscriptStore(artifacts).load({ digest, items: 0, tokens: 0, dialect: 'a' }),
  ).rejects.toMatchObject({
    code: 'artifact.corrupted',
  });
});

test('a worker without room for any transcript in memory reads and appends the same', async () => {
  const { refs } = await written(5);
  const artifacts = createMemoryStore();
  const store = createTranscriptStore(artifacts, 0);
  let after: StoredTranscript | null = null;
  for (const [n, ref] of refs.entries()) {
    const known: StoredTranscript | null = after === null ? null : await store.load(after.ref);
    after = await store.append(known, toTranscriptBytes([item(2 * n), item(2 * n + 1)]), about(n));
    expect(after.ref).toEqual(ref);
  }
});
