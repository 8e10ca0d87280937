import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorTable } from '../../contracts/words/errors.ts';
import { filesUnder, productFolders, readSource, root } from './source-tree.ts';

// Codes are forever: programs and people's scripts read them. New ones are added here, none is taken away or changed.
const released = readSource('test/architecture/error-codes.txt').trim().split('\n');
const rows = Object.entries(errorTable);
const asLine = ([code, row]: (typeof rows)[number]) =>
  `${code} ${row.retryable ? 'retryable' : 'final'} ${row.httpStatus} ${row.exitCode}`;

test('no error code is removed, renamed or given another meaning', () => {
  expect(rows.map(asLine)).toEqual(expect.arrayContaining(released));
});

test('every code is on the list of released ones', () => {
  expect(rows.map(asLine).filter((line) => !released.includes(line))).toEqual([]);
});

test('every code has a page, and every page a code', () => {
  const pages = readdirSync(join(root, 'docs/errors')).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual(rows.map(([code]) => `${code}.md`).sort());
});

test.each(rows)(
  'the page of %s states what the table says, and what it means, why and what to do',
  (code, row) => {
    const page = readSource(`docs/errors/${code}.md`);
    const again = row.retryable ? 'yes' : 'no';
    expect(page).toContain(`# ${code}\n`);
    expect(page).toContain(
      `Exit code ${row.exitCode} · HTTP status ${row.httpStatus} · tried again by itself: ${again}`,
    );
    for (const heading of ['## What it means', '## Why it happens', '## What to do']) {
      expect(page).toMatch(new RegExp(`${heading}\\n\\S`));
    }
  },
);

test('the list of pages names every code', () => {
  const index = readSource('docs/errors/README.md');
  expect(rows.filter(([code]) => !index.includes(`[${code}](${code}.md)`))).toEqual([]);
});

test('no error is made with a message that is empty', () => {
  const sources = productFolders.flatMap(filesUnder).filter((path) => path.endsWith('.ts'));
  const empty = /new LonghaulError\(\s*'[a-z_.]+',\s*(?:''|""|``)/;
  expect(sources.filter((path) => empty.test(readSource(path)))).toEqual([]);
});
