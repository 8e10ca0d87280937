import { expect, test } from 'vitest';
import type { TaskId } from '../../../contracts/ids.ts';
import { type CertifyInput, certify } from '../../../drill/certify.ts';
import { calmRun, otherTree, soundRun, tree } from '../../helpers/drill-fixture.ts';

const sound: CertifyInput = {
  taskId: 't1' as TaskId,
  seed: 7,
  faultsWanted: 1,
  startedAtMs: 0,
  durationMs: 60_000,
  originalTree: tree,
  calm: [calmRun],
  runs: [soundRun],
  kept: null,
  playedOtherwise: [],
};

test('when every run held and gave the tree of the calm run, the certificate holds', () => {
  expect(certify(sound)).toMatchObject({
    held: true,
    problems: [],
    trees: 'same',
    sameAsOriginal: true,
    totals: { faults: 1, recovered: 1, slowestRecoveryMs: 4200, commands: 4, commandsTwice: 0, approvals: 2 },
  });
});

test('another tree under faults is a problem', () => {
  const certificate = certify({ ...sound, runs: [{ ...soundRun, tree: otherTree }] });
  expect(certificate).toMatchObject({ held: false, trees: 'differs' });
  expect(certificate.problems).toEqual([`run 1: delivered the tree ${otherTree}, the calm run ${tree}`]);
});

test('another tree after a sandbox died says what a sandbox takes with it', () => {
  const faults = soundRun.faults.map((fault) => ({ ...fault, kind: 'keeper_killed' as const }));
  const certificate = certify({ ...sound, runs: [{ ...soundRun, faults, tree: otherTree }] });
  expect(certificate.problems[0]).toContain('what git ignores');
});

test('a calm run that gives another tree than the task did is told apart, and the runs are compared with it', () => {
  const calm = [0, 1].map((number) => ({ ...calmRun, number, tree: otherTree }));
  const certificate = certify({ ...sound, calm, runs: [{ ...soundRun, number: 2, tree: otherTree }] });
  expect(certificate).toMatchObject({ held: true, trees: 'same', sameAsOriginal: false });
  expect(certificate.notes.join('\n')).toContain('another tree than the task did then');
});

test('two calm runs that differ decide nothing: the certificate does not hold', () => {
  const calm = [
    { ...calmRun, tree: otherTree },
    { ...calmRun, number: 1 },
  ];
  const certificate = certify({ ...sound, calm });
  expect(certificate).toMatchObject({ held: false, trees: 'undecided' });
  expect(certificate.problems[0]).toContain('do not give the same twice');
});

test('a calm run that does not deliver, and faults that never struck, are no certificate', () => {
  const calm = [{ ...calmRun, status: 'unfinished', tree: null, problems: ['the task ended as unfinished'] }];
  expect(certify({ ...sound, calm, runs: [] }).problems).toEqual([
    'calm run: the task ended as unfinished',
    'no fault was tried: the calm run did not deliver',
  ]);
  expect(certify({ ...sound, runs: [] }).problems).toEqual(['no fault struck']);
});

test('what did not hold in a run does not hold in the certificate', () => {
  const runs = [{ ...soundRun, twice: ['i1.a1'], problems: ['i1.a1 began more than once'] }];
  expect(certify({ ...sound, runs })).toMatchObject({
    held: false,
    problems: ['run 1: i1.a1 began more than once'],
    totals: { commandsTwice: 1 },
  });
});
