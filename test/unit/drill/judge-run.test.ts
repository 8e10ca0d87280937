import { expect, test } from 'vitest';
import { judgeRun, type RunEvidence } from '../../../drill/judge-run.ts';
import { actionOf, recordWith, soundEvidence } from '../../helpers/drill-fixture.ts';

const problems = (more: Partial<RunEvidence>) => judgeRun({ ...soundEvidence, ...more }).problems;

test('a run in which everything held has no problem, and its commands and answers are counted', () => {
  expect(judgeRun(soundEvidence)).toMatchObject({
    commands: 2,
    twice: [],
    approvals: 1,
    approvalsLost: [],
    modelCalls: 2,
    modelCallsAgain: 0,
    problems: [],
  });
});

test.each(['i1.a1', 'i2.a1.write', 'i1.check-0', 'baseline-0'])(
  '%s that begins twice is a problem',
  (step) => {
    const judged = judgeRun({ ...soundEvidence, begun: [...soundEvidence.begun, step] });
    expect(judged.twice).toEqual([step]);
    expect(judged.problems).toEqual([`${step} began more than once`]);
  },
);

test('what belongs to a sandbox that is made anew, and reading before a patch, may begin again', () => {
  expect(problems({ begun: [...soundEvidence.begun, 'setup.0', 'verify-0', 'i2.a1.read'] })).toEqual([]);
});

test('what the count did not see is not taken for counted', () => {
  const begun = soundEvidence.begun.filter((step) => step !== 'i1.a1');
  expect(problems({ begun })).toEqual(['i1.a1 ran by its record, and the count did not see it begin']);
});

test('what began although its record says that it did not, and what no record knows, are problems', () => {
  const ledger = [
    recordWith(1, { actions: [actionOf('i1.a1', 'shell', 'denied')] }),
    ...soundEvidence.ledger.slice(1),
  ];
  expect(problems({ ledger, begun: [...soundEvidence.begun, 'i2.a7'] })).toEqual([
    'i1.a1 began, and its record says denied',
    'i2.a7 began, and no record knows of it',
  ]);
});

test('an answer that was taken and is not in the record, or is another one there, is lost', () => {
  const [first, second] = soundEvidence.ledger;
  if (first === undefined || second === undefined) throw new Error('two records');
  const lost = ['the answer to i2.deliver was taken and is not in the record'];
  expect(problems({ ledger: [first, { ...second, approvals: [] }] })).toEqual(lost);
  const expired = second.approvals.map((one) => ({ ...one, outcome: 'expired' as const }));
  expect(problems({ ledger: [first, { ...second, approvals: expired }] })).toEqual(lost);
});

test('a question that nobody could answer is lost too', () => {
  expect(judgeRun({ ...soundEvidence, accepted: [] }).approvalsLost).toEqual(['i2.deliver']);
});

test('a model call may be made again once for each fault, and no more', () => {
  expect(problems({ turns: [1, 1, 2] })).toEqual([]);
  expect(problems({ turns: [1, 1, 2, 2] })).toEqual([
    '2 model calls were made again, more than the 1 faults explain',
  ]);
});

test('what an ended task still holds is a problem', () => {
  expect(problems({ left: ['lease t1.1'] })).toEqual(['after the end there is still lease t1.1']);
});

test('a run that does not deliver says why, and which fault the task did not get over', () => {
  const faults = soundEvidence.faults.map((fault) => ({ ...fault, recoveredMs: null }));
  expect(problems({ status: 'unfinished', reason: 'it took too long', tree: null, faults })).toEqual([
    'the task ended as unfinished: it took too long',
    'after worker_killed the task did not go on',
  ]);
});

test('a task that needed its frozen worker back did not go on by itself', () => {
  const faults = soundEvidence.faults.map((fault) => ({
    ...fault,
    kind: 'worker_frozen' as const,
    letGo: true,
  }));
  expect(problems({ faults })).toEqual([
    'after worker_frozen the task went on only once the process was let go',
  ]);
});

test('another story than the recorded one is a problem, whatever it delivered', () => {
  expect(
    problems({
      recordedIterations: 3,
      refused: ['turn 4 is not in the scenario'],
      unexpected: ['i2.fault-execute-1: execute failed. Try again?'],
      unanswered: ['i2.deliver was not taken: refused'],
    }),
  ).toEqual([
    'it was delivered after 2 iterations, the original after 3',
    'the story became another one: turn 4 is not in the scenario',
    'an answer was refused: i2.deliver was not taken: refused',
    'a person was asked what the original task did not ask: i2.fault-execute-1: execute failed. Try again?',
  ]);
});
