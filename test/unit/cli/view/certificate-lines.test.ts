import { expect, test } from 'vitest';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { certificateLines } from '../../../../cli/view/certificate-lines.ts';
import type { DrillCertificate } from '../../../../contracts/drill.ts';
import type { TaskId } from '../../../../contracts/ids.ts';
import { certify } from '../../../../drill/certify.ts';
import { calmRun, otherTree, soundRun, tree } from '../../../helpers/drill-fixture.ts';

const certificateOf = (more: Partial<Parameters<typeof certify>[0]> = {}) =>
  certify({
    taskId: 't1' as TaskId,
    seed: 7,
    faultsWanted: 1,
    startedAtMs: 0,
    durationMs: 61_000,
    originalTree: tree,
    calm: [calmRun],
    runs: [soundRun],
    kept: null,
    playedOtherwise: [],
    ...more,
  });
const text = (certificate: DrillCertificate, columns = Number.POSITIVE_INFINITY) =>
  renderLines(certificateLines(certificate), { columns, color: false }).join('\n');

test('the certificate says what was done, what was counted, and that it held', () => {
  expect(text(certificateOf()).split('How it was shown')[0]).toBe(
    [
      '',
      'Certificate of a drill of t1',
      '  runs         1 calm, 1 under faults, in 1 m 01 s',
      '  faults       1, seed 7',
      '  recoveries   1, the slowest after 4.2 s',
      '  commands     4 in 2 runs; run twice: 0',
      '  approvals    2; lost: 0',
      '  model calls  4; made again: 0, at most one for a fault',
      '  left over    nothing',
      `  tree         the same in every run: ${tree}`,
      '               and the same as the task delivered then',
      '',
      '  run 1  kill -9 of a worker, as i1.a1 began: went on after 4.2 s',
      '',
      '✓ Everything held',
      '',
      '',
    ].join('\n'),
  );
});

test('each thing that did not hold has its line', () => {
  const shown = text(certificateOf({ runs: [{ ...soundRun, tree: otherTree, problems: ['one', 'two'] }] }));
  expect(shown).toContain(
    '✗ Not everything held\n  ✗ run 1: one\n  ✗ run 1: two\n  ✗ run 1: delivered the tree',
  );
  expect(shown).toContain('tree         not the same in every run');
});

test('how it was counted and what was not tried is always said', () => {
  const shown = text(certificateOf());
  expect(shown).toContain('a pipe that only the drill reads');
  expect(shown).toContain('only between commands');
  expect(shown).toContain('Not tried: ');
});

test('a fault that did not come to pass, one that came too late and one that stopped the task are told apart', () => {
  const fault = { ...soundRun.faults[0], recoveredMs: null };
  const planned = { kind: 'keeper_killed', moment: { at: 'model', iteration: 2 } } as const;
  const late = { ...soundRun, faults: [fault] } as typeof soundRun;
  const shown = text(certificateOf({ runs: [{ ...late, notStruck: [planned] }] }));
  expect(shown).toContain('as i1.a1 began: the task came to its end meanwhile');
  expect(shown).toContain(
    'did not come to it: kill -9 of the sandbox keeper, while the model answers for iteration 2',
  );
  expect(text(certificateOf({ runs: [{ ...late, status: 'unfinished' }] }))).toContain(
    'the task did not go on',
  );
});

test('trees that cannot be compared, and one that differs from then, are said', () => {
  const differs = [
    { ...calmRun, tree: otherTree },
    { ...calmRun, number: 1 },
  ];
  expect(text(certificateOf({ calm: differs }))).toContain('undecided: two calm runs differ already');
  const calm = [{ ...calmRun, tree: otherTree }];
  expect(text(certificateOf({ calm, runs: [{ ...soundRun, tree: otherTree }] }))).toContain(
    `then the task delivered ${tree}`,
  );
});

test('on 40 columns no row is longer', () => {
  const rows = text(certificateOf({ kept: '/tmp/x' }), 40).split('\n');
  expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(40);
  expect(rows.join('\n')).toContain('kept');
});
