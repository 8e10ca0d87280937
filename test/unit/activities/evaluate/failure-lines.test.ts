import { expect, test } from 'vitest';
import { failureLines } from '../../../../activities/evaluate/failure-lines.ts';

const lines = (text: string) => failureLines(Buffer.from(text));

const tap = (id: number, ms: number, line: number) => `TAP version 13
# Subtest: adds
not ok ${id} - adds
  ---
  duration_ms: ${ms}
  error: 'expected 3, got 2'
  stack: |-
    at Object.<anonymous> (/workspace/test/a.test.js:${line}:7)
  ...
# tests 12
`;

test.each([
  ['node', tap(1, 12.5, 10), tap(1, 3, 99)],
  [
    'pytest',
    'E   AssertionError: assert 1 == 2\n1 failed, 3 passed in 0.12s\n',
    'E   AssertionError: assert 1 == 2\n1 failed, 3 passed in 4.56s\n',
  ],
  [
    'go',
    '--- FAIL: TestAdd (0.00s)\nFAIL\texample.com/a\t0.003s\n',
    '--- FAIL: TestAdd (0.10s)\nFAIL\texample.com/a\t0.142s\n',
  ],
  [
    'vitest',
    ' × adds 3ms\n Test Files  1 failed\n   Duration  1.2s\n',
    ' × adds 7ms\n Test Files  1 failed\n   Duration  90ms\n',
  ],
  ['another order', 'FAIL b\nFAIL a\n', 'FAIL a\nFAIL b\nFAIL b\n'],
  [
    'the frames of a stack',
    'FAIL a\n    at Error.assert (/tmp/x1ab/a.js:1:2)\n',
    'FAIL a\n    at Error.assert (/tmp/y2cd/a.js:1:2)\n',
  ],
  ['what is no failure', 'ok 1 - x\nFAIL a\n', 'ok 1 - y\nok 2 - z\nFAIL a\n'],
])('the same failure has the same lines whatever else differs: %s', (_, one, other) => {
  expect(lines(one).length).toBeGreaterThan(0);
  expect(lines(one)).toEqual(lines(other));
});

test.each([
  ['another test', 'FAIL a\n', 'FAIL b\n'],
  ['another word', "error: 'expected yes, got no'", "error: 'expected yes, got maybe'"],
  ['one more', 'FAIL a\n', 'FAIL a\nFAIL b\n'],
])('another failure has other lines: %s', (_, one, other) => {
  expect(lines(one)).not.toEqual(lines(other));
});

test('an output that tells of no failure counts whole', () => {
  expect(lines('Killed\nsomething 12\n')).toEqual(['', 'Killed', 'something 0']);
});

test('bytes that are no text do no harm', () => {
  expect(failureLines(new Uint8Array([0xff, 0xfe, 0x0a, 0x46, 0x41, 0x49, 0x4c]))).toEqual(['FAIL']);
});
