import { expect, test } from 'vitest';
import { requestDigest } from '../../../activities/plan-request.ts';
import { createRequestPrefixes } from '../../../activities/request-prefix.ts';
import { digestOf } from '../../../contracts/digest.ts';
import type { ModelRequest, TranscriptItem } from '../../../contracts/model-client.ts';
import { toTranscriptBytes } from '../../../contracts/transcript-bytes.ts';
import { createMemoryStore } from '../../helpers/memory-store.ts';

const instructions = { type: 'message', text: 'a "quote", a \\ and {[ é', content: [{ text: '}' }] };
const items: readonly TranscriptItem[] = [instructions, { type: 'message', n: 1 }];
const tools = [{ type: 'function', name: 'x' }];
const request: ModelRequest = {
  model: 'm',
  effort: 'high',
  input: toTranscriptBytes(items),
  tools,
  promptCacheKey: 'task "1"',
};

test('the digest of a request is that of its JSON text, although nobody writes that text', () => {
  const text = JSON.stringify({ ...request, input: items });
  expect(requestDigest(request)).toBe(digestOf(new TextEncoder().encode(text)));
});

test('the tools and the first item are stored once by a worker, and found whatever the item holds', async () => {
  const artifacts = createMemoryStore();
  const puts: number[] = [];
  const counted = {
    ...artifacts,
    put: (bytes: Uint8Array) => {
      puts.push(bytes.byteLength);
      return artifacts.put(bytes);
    },
  };
  const prefixes = createRequestPrefixes(counted);
  const [first, second] = await Promise.all([prefixes.store(request), prefixes.store(request)]);
  expect(second).toEqual(first);
  expect(puts).toHaveLength(2);
  const read = async (digest: typeof first.toolsDigest): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await artifacts.get(digest)));
  expect(await read(first.instructionsDigest)).toEqual(instructions);
  expect(await read(first.toolsDigest)).toEqual(tools);
  await prefixes.store({ ...request, tools: [] });
  expect(puts).toHaveLength(4);
});

test('a beginning that could not be stored is stored by the next request', async () => {
  const artifacts = createMemoryStore();
  let full = true;
  const prefixes = createRequestPrefixes({
    ...artifacts,
    put: (bytes) => (full ? Promise.reject(new Error('full')) : artifacts.put(bytes)),
  });
  await expect(prefixes.store(request)).rejects.toThrow('full');
  full = false;
  const { toolsDigest } = await prefixes.store(request);
  expect(await artifacts.has(toolsDigest)).toBe(true);
});
