import { expect, test } from 'vitest';
import { createTranscriptStore } from '../../../activities/transcript-store.ts';
import type { TranscriptRef } from '../../../contracts/activities.ts';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { createMemoryStore } from '../../helpers/memory-store.ts';

const item = (n: number): TranscriptItem => ({ type: 'message', n });

/** A transcript of `segments` segments with two items each. */
async function written(segments: number) {
  const artifacts = createMemoryStore();
  const store = createTranscriptStore(artifacts);
  let after: Parameters<typeof store.append>[0] = null;
  const items: TranscriptItem[] = [];
  const refs: TranscriptRef[] = [];
  for (let n = 0; n < segments; n++) {
    const added = [item(2 * n), item(2 * n + 1)];
    const ref = await store.append(after, added, n);
    items.push(...added);
    after = { ref, items: [...items] };
    refs.push(ref);
  }
  return { artifacts, store, refs };
}

const upTo = (items: number) => Array.from({ length: items }, (_, n) => item(n));

test('a transcript is read by another worker as it was written, at each of its states', async () => {
  const { artifacts, refs } = await written(5);
  const other = createTranscriptStore(artifacts);
  for (const [index, ref] of [...refs.entries()].reverse()) {
    expect(ref).toMatchObject({ items: 2 * (index + 1), tokens: index });
    expect(await other.load(ref)).toEqual(upTo(2 * (index + 1)));
  }
});

test('none is empty', async () => {
  expect(await createTranscriptStore(createMemoryStore()).load(null)).toEqual([]);
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
  const begun = await store.append(null, [item(9)], 0);
  const goneOn = await store.append({ ref: begun, items: [item(9)] }, [item(4), item(5)], 2);
  expect(goneOn.digest).not.toBe(one.refs[2]?.digest);
});

test('a transcript that is long out of memory is read whole again', async () => {
  const { store, refs } = await written(80);
  const [first] = refs;
  if (first === undefined) throw new Error('nothing was written');
  expect(await store.load(first)).toEqual(upTo(2));
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
