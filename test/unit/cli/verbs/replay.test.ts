import { expect, it, vi } from 'vitest';
import type { Platform, ReplayedRun } from '../../../../cli/platform.ts';
import { runCommandLine } from '../../../../cli/program.ts';
import { createFakePlatform, nowMs } from '../../../helpers/fake-platform.ts';

const day = 24 * 60 * 60 * 1000;
const good: ReplayedRun = { name: 'fix-it', runId: '01a20e66-a669', events: 512, problem: null };
const bad: ReplayedRun = { name: 'delivered.1.json', runId: null, events: 1, problem: 'it differs' };

async function replay(runs: readonly ReplayedRun[], ...words: readonly string[]) {
  const asked = vi.fn<Platform['replay']>(async () => ({
    build: '0.1.0-a',
    runs: (async function* () {
      yield* runs;
    })(),
  }));
  const platform = createFakePlatform(undefined, { replay: asked });
  const exitCode = await runCommandLine(platform, ['replay', ...words]);
  return { exitCode, text: platform.terminal.stdout(), request: asked.mock.calls[0]?.[0] };
}

it('replays what runs and what ended in the last 30 days, or since then', async () => {
  expect((await replay([good])).request).toEqual({ type: 'since', endedSinceMs: nowMs - 30 * day });
  expect((await replay([good], '--since', '12h')).request).toEqual({
    type: 'since',
    endedSinceMs: nowMs - day / 2,
  });
});

it('replays the tasks that are named, or the files of a folder', async () => {
  expect((await replay([good], 'fix-it', 'mend-it')).request).toEqual({
    type: 'tasks',
    taskIds: ['fix-it', 'mend-it'],
  });
  expect((await replay([bad], '--histories', 'kept')).request).toEqual({ type: 'folder', folder: 'kept' });
});

it('says of each run whether the version can go on, and ends with 1 when it cannot from one', async () => {
  const { text, exitCode } = await replay([good, bad]);
  expect(text).toBe(
    [
      '✓ fix-it, run 01a20e66, 512 events',
      '✗ delivered.1.json, 1 event',
      '  it differs',
      '0.1.0-a cannot go on from 1 of 2 runs.',
      '',
    ].join('\n'),
  );
  expect(exitCode).toBe(1);
  const fine = await replay([good, good]);
  expect(fine.text).toContain('0.1.0-a can go on from all 2 runs.\n');
  expect(fine.exitCode).toBe(0);
  expect((await replay([])).text).toBe('There is no history to replay.\n');
});

it('as JSON gives one object a run, and the sum', async () => {
  const { text, exitCode } = await replay([good, bad], '--json');
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { type: 'replay.run', ...good },
    { type: 'replay.run', ...bad },
    { type: 'replay', build: '0.1.0-a', runs: 2, failed: 1 },
  ]);
  expect(exitCode).toBe(1);
});

it.each([[['--since', '3']], [['--since', 'soon']], [['fix-it', '--since', '3d']], [['--histories', '']]])(
  'refuses %j',
  async (words) => {
    await expect(replay([], ...words)).rejects.toMatchObject({ code: 'usage.invalid' });
  },
);
