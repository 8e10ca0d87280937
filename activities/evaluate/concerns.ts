import picomatch from 'picomatch';
import type { Concern } from '../../contracts/evaluation.ts';
import type { FileChange } from '../../contracts/task-repository.ts';
import { cutText } from '../cut-text.ts';
import { checkConcerns } from './check-definitions.ts';
import { type TestLanguage, testLanguages, testPathGlobs } from './test-markers.ts';

/** A changed file's text before and after; null where it is not there, is no text or is too large to read. */
export interface ChangedText {
  readonly before: string | null;
  readonly after: string | null;
}

export interface ConcernsInput {
  readonly changes: readonly FileChange[];
  /** By the path after the change, for every changed test file and every manifest that defines checks. */
  readonly texts: ReadonlyMap<string, ChangedText>;
  readonly isProtected: (path: string) => boolean;
  readonly isNamedByCheck: (path: string) => boolean;
  /** What the task is about, as paths or globs; empty for all of the repository. */
  readonly paths: readonly string[];
  readonly limits?: ConcernLimits;
}

export interface ConcernLimits {
  readonly maxDeletedFiles: number;
  readonly maxRemovedLines: number;
}

const defaultLimits: ConcernLimits = { maxDeletedFiles: 10, maxRemovedLines: 1000 };
const maxConcerns = 20;

const matchesTestPath = picomatch([...testPathGlobs], { dot: true });

/** Whether a path is a test's, or something that tests need. */
export function isTestPath(path: string): boolean {
  return matchesTestPath(path);
}

/**
 * What a person should look at before a change counts as done, read off the change alone: tests removed, skipped or weakened,
 * protected paths, large deletions, paths outside the task. Text is counted, not understood: a test emptied by other means is not
 * seen, and a harmless rewrite may be. At most 20; the last says how many more there are.
 */
export function findConcerns(input: ConcernsInput): readonly Concern[] {
  const found = [
    ...input.changes.flatMap((change) => testConcerns(change, input.texts.get(change.path))),
    // What tests hold is compared above; a test file that a check names is no other file for that.
    ...checkConcerns(input.changes, input.texts, (path) => !isTestPath(path) && input.isNamedByCheck(path)),
    ...input.changes.flatMap((change) => pathConcerns(change, input)),
    ...deletionConcerns(input.changes, input.limits ?? defaultLimits),
  ];
  if (found.length <= maxConcerns) return found;
  const last = found[maxConcerns - 1];
  const more = found.length - maxConcerns;
  const cut = found.slice(0, maxConcerns - 1);
  return last === undefined
    ? cut
    : [...cut, { ...last, detail: cutText(`${last.detail} (and ${more} more concerns)`, 300) }];
}

function testConcerns(change: FileChange, texts: ChangedText | undefined): readonly Concern[] {
  const removed = removedTest(change);
  if (removed !== null) return [removed];
  if (change.status === 'deleted' || !isTestPath(change.path)) return [];
  const language = languageOf(change.path);
  if (language === undefined) return unknownLanguage(change);
  const after = texts?.after ?? null;
  const before = change.status === 'added' ? '' : (texts?.before ?? null);
  if (before === null || after === null) {
    return [
      concern(
        'test_weakened',
        change.path,
        'The test file changed and could not be read, so it could not be compared.',
      ),
    ];
  }
  return [
    ...skipConcerns(change, language, before, after),
    ...countConcerns(change, language, before, after),
  ];
}

const otherCode =
  /\.(?:php|c|cc|cpp|cxx|h|hpp|m|mm|dart|exs?|erl|sh|bats|lua|pl|t|r|jl|hs|ml|clj|sol|zig|nim|fs|vb|groovy)$/i;

/** Nothing can be counted in a language that is not known; what only grew is taken for more tests. */
function unknownLanguage({ path, linesRemoved }: FileChange): readonly Concern[] {
  if (linesRemoved === 0 || !otherCode.test(path)) return [];
  return [concern('test_weakened', path, `${linesRemoved} lines were removed or changed in this test file.`)];
}

function removedTest(change: FileChange): Concern | null {
  const from = change.fromPath ?? change.path;
  if (change.status === 'added' || !isTestPath(from)) return null;
  if (change.status === 'deleted') return concern('test_removed', from, 'The test file was deleted.');
  if (isTestPath(change.path)) return null;
  return concern('test_removed', from, `The test file became ${change.path}, which is no test file's name.`);
}

function skipConcerns(
  change: FileChange,
  language: TestLanguage,
  before: string,
  after: string,
): readonly Concern[] {
  const old = markers(language.skips, uncommented(language, before));
  const now = markers(language.skips, uncommented(language, after));
  const added = [...now.entries()]
    .filter(([marker, count]) => count > (old.get(marker) ?? 0))
    .map(([marker]) => marker);
  return added.length === 0
    ? []
    : [concern('test_skipped', change.path, `Added: ${added.slice(0, 5).join(', ')}.`)];
}

function countConcerns(
  change: FileChange,
  language: TestLanguage,
  before: string,
  after: string,
): readonly Concern[] {
  const old = counts(language, before);
  const now = counts(language, after);
  const fewer = (['test cases', 'checks'] as const).filter((what) => now[what] < old[what]);
  if (fewer.length === 0) return [];
  const detail = fewer.map((what) => `${old[what]} ${what} became ${now[what]}`).join(', ');
  return [concern('test_weakened', change.path, `${detail}.`)];
}

function counts(language: TestLanguage, text: string): Readonly<Record<'test cases' | 'checks', number>> {
  const code = uncommented(language, text);
  const checks = count(language.asserts, code) - count(language.trivial, code);
  return { 'test cases': count(language.cases, code), checks: Math.max(0, checks) };
}

function uncommented(language: TestLanguage, text: string): string {
  const withoutLines = text.replaceAll(language.lineComment, '');
  return language.lineComment.source.startsWith('#')
    ? withoutLines
    : withoutLines.replaceAll(/\/\*.*?\*\//gs, '');
}

function markers(expression: RegExp, text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [match] of text.matchAll(expression)) {
    const name = match.trim();
    found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
}

function count(expression: RegExp, text: string): number {
  return [...text.matchAll(expression)].length;
}

function pathConcerns(change: FileChange, input: ConcernsInput): readonly Concern[] {
  const touched = [...new Set([change.path, ...(change.fromPath === null ? [] : [change.fromPath])])];
  const verb = change.status === 'type_changed' ? 'changed its type' : `was ${change.status}`;
  return touched.flatMap((path) => [
    ...(input.isProtected(path) ? [concern('protected_path', path, `A protected file ${verb}.`)] : []),
    ...(isInScope(path, input.paths)
      ? []
      : [concern('outside_paths', path, `It ${verb}, and the task is about other paths.`)]),
  ]);
}

function isInScope(path: string, scopes: readonly string[]): boolean {
  if (scopes.length === 0) return true;
  return scopes.some((scope) => {
    const folder = scope.replace(/^\.\//, '').replace(/\/+$/, '');
    return (
      folder === '.' ||
      folder === '' ||
      path === folder ||
      path.startsWith(`${folder}/`) ||
      picomatch(folder, { dot: true })(path)
    );
  });
}

function deletionConcerns(changes: readonly FileChange[], limits: ConcernLimits): readonly Concern[] {
  const deleted = changes.filter((change) => change.status === 'deleted');
  const removedLines = changes.reduce(
    (sum, change) => sum + change.linesRemoved - Math.min(change.linesAdded, change.linesRemoved),
    0,
  );
  const tooMany = deleted.length > limits.maxDeletedFiles || removedLines > limits.maxRemovedLines;
  const [largest] = changes.toSorted((one, other) => other.linesRemoved - one.linesRemoved);
  if (!tooMany || largest === undefined) return [];
  return [
    concern(
      'large_deletion',
      largest.path,
      `${deleted.length} files deleted, ${removedLines} lines fewer; this file lost the most.`,
    ),
  ];
}

function languageOf(path: string): TestLanguage | undefined {
  const extension = path.slice(path.lastIndexOf('.') + 1);
  return testLanguages.find((language) => language.extensions.includes(extension));
}

function concern(kind: Concern['kind'], path: string, detail: string): Concern {
  return { kind, path: cutText(path, 500), detail: cutText(detail, 300) };
}
