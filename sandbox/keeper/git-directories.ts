import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import { inside } from '../inside.ts';
import type { Mount } from './root-files.ts';

/** Git itself follows this many levels of alternates. */
const maxAlternateDepth = 5;

/** The object directories that make up a repository: its own, then those it borrows from. */
export function objectDirectories(gitDir: string): string[] {
  const found: string[] = [];
  const visit = (directory: string, depth: number): void => {
    if (found.includes(directory) || depth > maxAlternateDepth) return;
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    found.push(directory);
    for (const line of linesOf(path.join(directory, 'info/alternates'))) {
      if (line !== '' && !line.startsWith('#')) visit(path.resolve(directory, unquote(line)), depth + 1);
    }
  };
  visit(path.join(gitDir, 'objects'), 0);
  if (found.length === 0) {
    throw new LonghaulError(
      'repository.not_found',
      `${gitDir} is no git repository: it has no directory of objects. Give the path of a bare repository.`,
    );
  }
  return found;
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

function unquote(line: string): string {
  if (!line.startsWith('"')) return line;
  const parsed: unknown = JSON.parse(line);
  return typeof parsed === 'string' ? parsed : line;
}

/**
 * Bytes are taken as they are, whatever `.gitattributes` of the tree say: this file outranks them. `diff` and `merge` are unset so that
 * lines are counted by content.
 */
const attributes = '* -text !eol -filter -ident -working-tree-encoding !diff !merge\n';

function configuration(commit: string, more: readonly string[]): string {
  const sha256 = commit.length === 64;
  return [
    '[core]',
    `repositoryformatversion = ${sha256 ? 1 : 0}`,
    'bare = false',
    'filemode = true',
    'symlinks = true',
    'autocrlf = false',
    'safecrlf = false',
    'quotePath = false',
    'fsmonitor = false',
    'hooksPath = /dev/null',
    'excludesFile = /dev/null',
    'attributesFile = /dev/null',
    ...more,
    ...(sha256 ? ['[extensions]', 'objectFormat = sha256'] : []),
    '',
  ].join('\n');
}

/** Makes the keeper's own repository, which borrows the objects of the source. Out of the sandbox's sight. */
export function makeKeeperRepository(directory: string, source: { gitDir: string; commit: string }): void {
  makeRepository(directory, source, [
    'untrackedCache = true',
    // Files are compared with every fact that the file system gives: commands can set back the time of a change, not its ctime.
    'checkStat = default',
    'trustctime = true',
    '[gc]',
    'auto = 0',
    '[index]',
    'version = 2',
    '[checkout]',
    'workers = 0',
    '[status]',
    'showUntrackedFiles = all',
  ]);
  lendObjects(directory, [path.join(source.gitDir, 'objects')]);
}

/** Lets a repository borrow from further object directories. */
export function lendObjects(directory: string, objectDirectoryPaths: readonly string[]): void {
  const file = path.join(directory, 'objects/info/alternates');
  const all = new Set([...linesOf(file).filter((line) => line !== ''), ...objectDirectoryPaths]);
  writeFileSync(file, [...all].map((line) => `${line}\n`).join(''));
}

/**
 * Makes the repository that the agent sees at `.git`: HEAD at the base, objects lent, nothing writable. Returns the mounts, in order.
 * Each lent directory's own list of alternates is covered: it names paths that do not exist inside.
 */
export function makeAgentRepository(
  directory: string,
  source: { readonly gitDir: string; readonly commit: string },
  index: Buffer,
  emptyFile: string,
): Mount[] {
  makeRepository(directory, source, ['untrackedCache = false', '[gc]', 'auto = 0']);
  writeFileSync(path.join(directory, 'index'), index);
  const lent = objectDirectories(source.gitDir);
  lendObjects(
    directory,
    lent.map((_, position) => `${inside.git}/lent/${position}`),
  );
  lent.forEach((_, position) => {
    mkdirSync(path.join(directory, 'lent', String(position)), { recursive: true });
  });
  const mounts = lent.flatMap((from, position): Mount[] => {
    const to = `${inside.git}/lent/${position}`;
    const borrowed = existsSync(path.join(from, 'info/alternates'));
    return [
      { kind: 'read-only', from, to },
      ...(borrowed ? [{ kind: 'read-only', from: emptyFile, to: `${to}/info/alternates` } as const] : []),
    ];
  });
  return [{ kind: 'read-only', from: directory, to: inside.git }, ...mounts];
}

function makeRepository(
  directory: string,
  source: { readonly gitDir: string; readonly commit: string },
  config: readonly string[],
): void {
  for (const name of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info']) {
    mkdirSync(path.join(directory, name), { recursive: true });
  }
  writeFileSync(path.join(directory, 'HEAD'), `${source.commit}\n`);
  writeFileSync(path.join(directory, 'info/attributes'), attributes);
  writeFileSync(path.join(directory, 'config'), configuration(source.commit, config));
  // Where history ends in a shallow source it ends here: git would look for the parents in vain.
  const shallow = path.join(source.gitDir, 'shallow');
  if (existsSync(shallow)) writeFileSync(path.join(directory, 'shallow'), readFileSync(shallow));
}
