import { expect, test } from 'vitest';
import type { Platform } from '../../../../cli/platform.ts';
import { runCommandLine } from '../../../../cli/program.ts';
import type { DrillOptions } from '../../../../contracts/drill.ts';
import type { TaskId } from '../../../../contracts/ids.ts';
import { certify } from '../../../../drill/certify.ts';
import { calmRun, soundRun, tree } from '../../../helpers/drill-fixture.ts';
import { createFakePlatform } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal } from '../../../helpers/fake-terminal.ts';
import { screenAfter } from '../../../helpers/screen-emulator.ts';

const fault = soundRun.faults[0] ?? { kind: 'worker_killed', moment: { at: 'delivery' } };
const certificateOf = (runs = [soundRun]) =>
  certify({
    taskId: 't1' as TaskId,
    seed: 7,
    faultsWanted: 1,
    startedAtMs: 0,
    durationMs: 61_000,
    originalTree: tree,
    calm: [calmRun],
    runs,
    kept: null,
    playedOtherwise: [],
  });

/** Tells one run and gives the certificate. */
const drilled =
  (certificate = certificateOf(), seen: DrillOptions[] = []): Platform['drill'] =>
  async (_, options, tell) => {
    seen.push(options);
    tell({ type: 'drill.doing', text: 'reading what was recorded' });
    tell({ type: 'drill.run_started', run: 1, faults: [fault] });
    tell({ type: 'drill.fault', run: 1, fault, target: 'worker, process 4711' });
    tell({ type: 'drill.recovered', run: 1, fault, recoveredMs: 4200 });
    tell({ type: 'drill.run_ended', result: soundRun });
    return certificate;
  };

test('each fault and recovery is shown as it happens, then the certificate; the exit code says that everything held', async () => {
  const platform = createFakePlatform(createFakeTerminal(), { drill: drilled() });
  expect(await runCommandLine(platform, ['drill', 't1'])).toBe(0);
  const text = platform.terminal.stdout();
  expect(text).toContain(
    [
      'Run 1 1 fault',
      '  ! kill -9 of a worker, as i1.a1 began (worker, process 4711)',
      '  ✓ went on after 4.2 s',
      '  ✓ delivered after 30.0 s',
    ].join('\n'),
  );
  expect(text).toContain('✓ Everything held');
});

test('a certificate that does not hold ends with 1', async () => {
  const broken = { ...soundRun, twice: ['i1.a1'], problems: ['i1.a1 began more than once'] };
  const platform = createFakePlatform(createFakeTerminal(), { drill: drilled(certificateOf([broken])) });
  expect(await runCommandLine(platform, ['drill', 't1'])).toBe(1);
  expect(platform.terminal.stdout()).toContain('✗ run 1: i1.a1 began more than once');
});

test('with --json each event is a line and the certificate is the last one', async () => {
  const platform = createFakePlatform(createFakeTerminal(), { drill: drilled() });
  await runCommandLine(platform, ['drill', 't1', '--json']);
  const lines = platform.terminal
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ type }) => type)).toEqual([
    'drill.doing',
    'drill.run_started',
    'drill.fault',
    'drill.recovered',
    'drill.run_ended',
    'drill.certificate',
  ]);
  expect(lines.at(-1)).toMatchObject({ held: true, seed: 7 });
});

test('the number of faults and the seed are the person’s, else six and a new one', async () => {
  const seen: DrillOptions[] = [];
  const platform = createFakePlatform(createFakeTerminal(), { drill: drilled(certificateOf(), seen) });
  await runCommandLine(platform, ['drill', 't1', '--faults', '20', '--seed', '4294967295', '--keep']);
  await runCommandLine(platform, ['drill', 't1']);
  expect(seen).toMatchObject([
    { faults: 20, seed: 4294967295, keep: true },
    { faults: 6, seed: 0x00010203, keep: false },
  ]);
});

test.each([[['--faults', '0']], [['--faults', '2000']], [['--seed', '4294967296']], [['--seed', 'x']]])(
  '%s is refused',
  async (words) => {
    const platform = createFakePlatform(createFakeTerminal(), { drill: drilled() });
    await expect(runCommandLine(platform, ['drill', 't1', ...words])).rejects.toMatchObject({
      code: 'usage.invalid',
    });
  },
);

test('Ctrl-C ends the drill, waits until it has cleared away, and gives 130 without a certificate', async () => {
  const order: string[] = [];
  const platform = createFakePlatform(createFakeTerminal(), {
    async drill(_, { signal }, tell) {
      tell({ type: 'drill.run_started', run: 0, faults: [] });
      platform.terminal.interrupt();
      order.push(signal.aborted ? 'aborted' : 'goes on');
      await Promise.resolve();
      order.push('cleared away');
      throw signal.reason;
    },
  });
  expect(await runCommandLine(platform, ['drill', 't1'])).toBe(130);
  expect(order).toEqual(['aborted', 'cleared away']);
  expect(platform.terminal.stdout()).not.toContain('Certificate');
  expect(platform.terminal.listeners()).toBe(0);
});

test('what cannot be drilled is said with its code', async () => {
  await expect(runCommandLine(createFakePlatform(), ['drill', 't1'])).rejects.toMatchObject({
    code: 'drill.impossible',
  });
});

test('on a terminal what is being done stands on one line, which is gone in the end', async () => {
  const terminal = createFakeTerminal({ columns: 60, rows: 30, live: true, interactive: true });
  await runCommandLine(createFakePlatform(terminal, { drill: drilled() }), ['drill', 't1']);
  expect(terminal.stdout()).toContain('… reading what was recorded');
  expect(screenAfter(terminal.stdout(), 60)).not.toContain('reading what was recorded');
});
