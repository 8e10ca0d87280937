import { expect, test } from 'vitest';
import { readSource } from './source-tree.ts';

const rows = readSource('docs/guarantees.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| effect'));
const proof = /`(test\/[\w/.-]+\.ts)`: "([^"]+)" \|$/;

test('every guarantee names a test that exists, by file and title', () => {
  const problems = rows.flatMap((row) => {
    const [, file, title] = proof.exec(row) ?? [];
    if (file === undefined || title === undefined) return [`no test is named: ${row.slice(0, 60)}`];
    return readSource(file).includes(title) ? [] : [`${file} has no test "${title}"`];
  });
  expect(rows.length).toBeGreaterThan(10);
  expect(problems).toEqual([]);
});
