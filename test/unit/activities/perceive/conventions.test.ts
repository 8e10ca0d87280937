import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxConventionsBytes, readConventions } from '../../../../activities/perceive/conventions.ts';
import { madeTree } from '../../../helpers/made-tree.ts';

const paths = ({ files }: Awaited<ReturnType<typeof readConventions>>) => files.map(({ path }) => path);
const lines = (bytes: number): string => `${'x'.repeat(63)}\n`.repeat(bytes / 64);

describe('the conventions', () => {
  const monorepo = madeTree({
    'AGENTS.md': 'root',
    'a/AGENTS.md': 'a',
    'a/b/AGENTS.md': 'b',
    'a/b/c/AGENTS.md': 'c',
    'z/AGENTS.md': 'z',
  });

  it('go from the root to the leaves', async () => {
    expect(paths(await readConventions(monorepo, []))).toEqual([
      'AGENTS.md',
      'a/AGENTS.md',
      'z/AGENTS.md',
      'a/b/AGENTS.md',
      'a/b/c/AGENTS.md',
    ]);
  });

  it('are those on the way to the task’s paths and below them, and no others', async () => {
    expect(paths(await readConventions(monorepo, ['./a/b/']))).toEqual([
      'AGENTS.md',
      'a/AGENTS.md',
      'a/b/AGENTS.md',
      'a/b/c/AGENTS.md',
    ]);
    expect(paths(await readConventions(monorepo, ['z/file.ts']))).toEqual(['AGENTS.md', 'z/AGENTS.md']);
  });

  it('of the nearest file win under the limit, and what was cut and dropped is said', async () => {
    const tree = madeTree({
      'AGENTS.md': lines(4096),
      'a/AGENTS.md': lines(4096),
      'a/b/AGENTS.md': lines(4096),
    });
    const { files, dropped } = await readConventions(tree, ['a/b'], 6400);
    expect(files.map(({ path, bytes, keptBytes }) => ({ path, bytes, keptBytes }))).toEqual([
      { path: 'a/AGENTS.md', bytes: 4096, keptBytes: 2304 },
      { path: 'a/b/AGENTS.md', bytes: 4096, keptBytes: 4096 },
    ]);
    expect(files[0]?.text.endsWith('\n')).toBe(true);
    expect(dropped).toEqual([{ path: 'AGENTS.md', bytes: 4096, reason: 'nearer files took the limit' }]);
  });

  it('of the root win where the task is about the whole repository', async () => {
    const tree = madeTree({ 'AGENTS.md': lines(4096), 'deep/down/AGENTS.md': lines(4096) });
    const { files, dropped } = await readConventions(tree, [], 4096);
    expect(files.map(({ path }) => path)).toEqual(['AGENTS.md']);
    expect(dropped.map(({ path }) => path)).toEqual(['deep/down/AGENTS.md']);
  });

  it('of AGENTS.override.md go before AGENTS.md in the same directory', async () => {
    const tree = madeTree({ 'AGENTS.md': 'old', 'AGENTS.override.md': 'new', 'a/AGENTS.md': 'a' });
    const { files, dropped } = await readConventions(tree, []);
    expect(files.map(({ text }) => text)).toEqual(['new', 'a']);
    expect(dropped).toEqual([{ path: 'AGENTS.md', bytes: 3, reason: 'AGENTS.override.md goes before it' }]);
  });

  it('are not taken from what is vendored, from links and from files that are empty', async () => {
    const tree = madeTree({
      'node_modules/x/AGENTS.md': 'evil',
      'vendor/AGENTS.md': 'evil',
      'a/AGENTS.md': { link: '/etc/passwd' },
      'b/AGENTS.md': '',
    });
    const { files, dropped } = await readConventions(tree, []);
    expect(files).toEqual([]);
    expect(dropped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'a/AGENTS.md: it is a symbolic link',
      'b/AGENTS.md: it is empty',
    ]);
  });

  it('never take more than the limit, and lose no file without a word', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 0, max: maxConventionsBytes }), async (bytes, limit) => {
        const names = bytes.map((_, depth) => `${'d/'.repeat(depth)}AGENTS.md`);
        const tree = madeTree(
          Object.fromEntries(names.map((name, index) => [name, 'é\n'.repeat((bytes[index] ?? 0) / 3)])),
        );
        const { files, dropped } = await readConventions(tree, ['d/d/d/d/d/d/d'], limit);
        expect(files.reduce((sum, { keptBytes }) => sum + keptBytes, 0)).toBeLessThanOrEqual(limit);
        expect([...files, ...dropped].map(({ path }) => path).sort()).toEqual(names.sort());
        expect(files.every(({ text }) => !text.includes('\ufffd'))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
