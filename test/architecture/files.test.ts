import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, productFolders, readSource, root } from './source-tree.ts';

const sources = productFolders.flatMap(filesUnder).filter((path) => /\.m?[jt]s$/.test(path));
const linesOf = (path: string) => readSource(path).split('\n').length;

test('no file of the product or its tests is longer than 400 lines', () => {
  const all = [...sources, ...filesUnder('tools'), ...filesUnder('test')].filter((path) =>
    /\.m?[jt]s$/.test(path),
  );
  expect(all.filter((path) => linesOf(path) > 400)).toEqual([]);
});

test('the files that own the state of a task stay under 150 lines', () => {
  const owners = ['workflows/coding-task.ts', 'workflows/iteration.ts'];
  expect(owners.filter((path) => existsSync(join(root, path)) && linesOf(path) >= 150)).toEqual([]);
});

test('half of all files have at most 90 lines', () => {
  const sizes = sources.map(linesOf).sort((a, b) => a - b);
  expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(90);
});

test('there is no barrel, no utils folder and no src folder', () => {
  const banned = sources.filter((path) => /(?:^|\/)(?:utils?|helpers|common|src)(?:\/|\.[jt]s$)/.test(path));
  expect(banned).toEqual([]);
  expect(sources.filter((path) => path.endsWith('/index.ts'))).toEqual(
    existsSync(join(root, 'workflows/index.ts')) ? ['workflows/index.ts'] : [],
  );
});

// A heading's anchor as GitHub makes it.
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsOf = (page: string) =>
  [...readSource(page).matchAll(/^#{1,6}\s+(.+)$/gm)].map((match) => anchorOf(match[1] ?? ''));

function linkProblem(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (!existsSync(join(root, target))) return `${page}: ${link} leads nowhere`;
  if (anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor)) return undefined;
  return `${page}: ${link} names a heading that is not there`;
}

test('no link between the pages is broken', () => {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const pages = [...top, ...filesUnder('docs').filter((path) => path.endsWith('.md'))];
  const problems = pages.flatMap((page) => {
    const text = readSource(page).replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '');
    return links.flatMap((link) => linkProblem(page, link) ?? []);
  });
  expect(pages.length).toBeGreaterThan(40);
  expect(problems).toEqual([]);
});

test('a link to a page or heading that is not there is found', () => {
  expect(linkProblem('docs/errors/README.md', 'nothing.md')).toContain('leads nowhere');
  expect(linkProblem('docs/errors/README.md', 'task.failed.md#no-such-heading')).toContain('not there');
  expect(linkProblem('docs/errors/README.md', 'task.failed.md#what-to-do')).toBeUndefined();
});
