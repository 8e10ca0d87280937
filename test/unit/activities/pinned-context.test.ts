import { expect, test } from 'vitest';
import { putJson } from '../../../activities/artifact-json.ts';
import { pinnedContext } from '../../../activities/pinned-context.ts';
import type { Ports } from '../../../activities/ports.ts';
import type { Digest } from '../../../contracts/ids.ts';
import type { IterationRecord } from '../../../contracts/record.ts';
import { createDialect } from '../../../models/dialect.ts';
import { defaultProfile } from '../../../models/profile.ts';
import { someRecord } from '../../helpers/iteration-record.ts';
import { createMemoryStore } from '../../helpers/memory-store.ts';
import { specOf } from '../../helpers/task-fixture.ts';

const dialect = createDialect('m', { ...defaultProfile, contextWindowTokens: 20_000 });
/** 0.05 of the window, four bytes a token. */
const maxBytes = 4000;
const spec = { ...specOf(someRecord().taskId, '/r'), instruction: 'Do it', constraints: ['no network'] };

async function pinned(steers: readonly string[], paths: readonly string[]) {
  const artifacts = createMemoryStore();
  let head: Digest | null = null;
  for (const [index, text] of steers.entries()) {
    const record: IterationRecord = {
      ...someRecord(),
      iteration: index + 1,
      previous: head,
      steers: [{ by: 'ann', text }],
    };
    head = await putJson(artifacts, record);
  }
  const changes = async () => paths.map((path) => ({ path, status: 'M' }));
  const repositories = { changes } as unknown as Ports['repositories'];
  const input = { previousRecord: head, steps: [], constraintsDigest: null } as unknown as Parameters<
    typeof pinnedContext
  >[2];
  return pinnedContext({ artifacts, repositories }, spec, input, dialect);
}

const bytesOf = (lines: readonly string[]) =>
  lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);

test('few words and few files are pinned whole, in their order', async () => {
  expect(await pinned(['first', 'second'], ['a.ts', 'b.ts'])).toEqual({
    goal: 'Do it',
    plan: [],
    constraints: ['no network', 'ann says: first', 'ann says: second'],
    touchedFiles: ['a.ts', 'b.ts'],
    lastChecks: [],
  });
});

test('names of thousands of changed files take a bounded part of the window, and it is said how many are left out', async () => {
  const paths = Array.from({ length: 5000 }, (_, n) => `src/deep/down/file-${n}.ts`);
  const { touchedFiles } = await pinned(['x'], paths);
  expect(bytesOf(touchedFiles)).toBeLessThanOrEqual(maxBytes + 100);
  expect(touchedFiles.slice(0, 2)).toEqual(paths.slice(0, 2));
  expect(touchedFiles.at(-1)).toBe(`(${5000 - touchedFiles.length + 1} more files, not named here)`);
});

test('of many words of people the newest are pinned, and it is said that there were older ones', async () => {
  const said = Array.from({ length: 30 }, (_, n) => `${n} ${'é'.repeat(200)}`);
  const { constraints } = await pinned(said, []);
  expect(constraints[0]).toBe('no network');
  expect(constraints[1]).toBe('(older messages of people are left out here)');
  expect(constraints.at(-1)).toBe(`ann says: ${said.at(-1)}`);
  expect(bytesOf(constraints)).toBeLessThanOrEqual(maxBytes + 100);
  const many = await pinned(
    Array.from({ length: 60 }, (_, n) => `${n}`),
    [],
  );
  expect(many.constraints).toHaveLength(52);
  expect(many.constraints[1]).toBe('(older messages of people are left out here)');
});

test('one very long message is cut in its middle and says so, rather than left out', async () => {
  const { constraints } = await pinned([`begin ${'x'.repeat(100_000)} end`], []);
  expect(constraints[1]).toMatch(/ann says: begin x[\s\S]*tokens truncated[\s\S]*x end$/);
  expect(bytesOf(constraints)).toBeLessThanOrEqual(maxBytes);
});
