import { expect, test } from 'vitest';
import { jsonLine } from '../../../../cli/terminal/json-line.ts';

test('JSON holds nothing that drives a terminal or reorders its text, and is read as the same value', () => {
  const value = {
    text: '\u001b[2J\u009b31m\u007f\u0085\u202egnp\u2066\u200b\u2028\u{e0041} é 漢 👍',
    n: 1,
    none: null,
  };
  const line = jsonLine(value);
  expect(line).toBe(
    '{"text":"\\u001b[2J\\u009b31m\\u007f\\u0085\\u202egnp\\u2066\\u200b\\u2028\\udb40\\udc41 é 漢 👍","n":1,"none":null}\n',
  );
  expect(JSON.parse(line)).toEqual(value);
});
