import type { Change, ChangeLine, Hunk } from './hunk.ts';
import { checkPath } from './path.ts';

export type ParsedPatch =
  | { readonly ok: true; readonly hunks: readonly Hunk[] }
  | { readonly ok: false; readonly reason: string };

const begin = '*** Begin Patch';
const end = '*** End Patch';
const addFile = '*** Add File: ';
const deleteFile = '*** Delete File: ';
const updateFile = '*** Update File: ';
const moveTo = '*** Move to: ';
const endOfFile = '*** End of File';

class PatchProblem extends Error {}

/**
 * Reads a patch in the `*** Begin Patch` language. Tolerates what models do: space around markers, CRLF, a here-document or a code fence
 * around the patch, a first change without `@@`, an empty line for a kept empty line. The reason is a text for the model.
 */
export function parsePatch(text: string): ParsedPatch {
  try {
    const body = bodyOf(text);
    const hunks: Hunk[] = [];
    const cursor: Cursor = { lines: body, at: 0 };
    while (cursor.at < body.length) {
      if (blank(peek(cursor))) cursor.at += 1;
      else hunks.push(readHunk(cursor));
    }
    if (hunks.length === 0) return { ok: false, reason: 'invalid patch: it changes no file' };
    return { ok: true, hunks };
  } catch (error) {
    if (error instanceof PatchProblem) return { ok: false, reason: error.message };
    throw error;
  }
}

interface Cursor {
  readonly lines: readonly string[];
  at: number;
}

function peek(cursor: Cursor): string {
  return cursor.lines[cursor.at] ?? '';
}

function fail(cursor: Cursor, what: string): never {
  throw new PatchProblem(`invalid hunk at line ${cursor.at + 2} of the patch: ${what}`);
}

function blank(line: string): boolean {
  return line.trim() === '';
}

function bodyOf(text: string): readonly string[] {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  const wrapped = /^(?:<<-?\s*['"]?\w+['"]?|```\w*)$/.test(lines[0]?.trim() ?? '');
  const patch = wrapped ? lines.slice(1, -1) : lines;
  if (patch[0]?.trim() !== begin) throw new PatchProblem(`invalid patch: the first line must be '${begin}'`);
  if (patch.length < 2 || patch.at(-1)?.trim() !== end) {
    throw new PatchProblem(`invalid patch: the last line must be '${end}'`);
  }
  return patch.slice(1, -1);
}

function readHunk(cursor: Cursor): Hunk {
  const header = peek(cursor).trim();
  if (header.startsWith(addFile)) return readAdd(cursor, pathAfter(cursor, addFile));
  if (header.startsWith(deleteFile)) return { kind: 'delete', path: pathAfter(cursor, deleteFile) };
  if (header.startsWith(updateFile)) return readUpdate(cursor, pathAfter(cursor, updateFile));
  return fail(
    cursor,
    `'${header}' is not a file's header. Expected '${addFile}<path>', '${deleteFile}<path>' or '${updateFile}<path>'`,
  );
}

function pathAfter(cursor: Cursor, marker: string): string {
  const checked = checkPath(peek(cursor).trim().slice(marker.length).trim());
  if (!checked.ok) throw new PatchProblem(checked.reason);
  cursor.at += 1;
  return checked.path;
}

function readAdd(cursor: Cursor, path: string): Hunk {
  const lines: string[] = [];
  while (peek(cursor).startsWith('+')) {
    lines.push(peek(cursor).slice(1));
    cursor.at += 1;
  }
  return { kind: 'add', path, lines };
}

function readUpdate(cursor: Cursor, path: string): Hunk {
  const moves = peek(cursor).trimStart().startsWith(moveTo);
  const destination = moves ? pathAfter(cursor, moveTo) : null;
  const changes: Change[] = [];
  while (cursor.at < cursor.lines.length && !isHeader(peek(cursor))) {
    if (blank(peek(cursor))) cursor.at += 1;
    else changes.push(readChange(cursor, changes.length === 0));
  }
  if (changes.length === 0 && destination === null) fail(cursor, `the update of '${path}' changes nothing`);
  return { kind: 'update', path, moveTo: destination, changes };
}

function isHeader(line: string): boolean {
  return line.startsWith('*** ') && line.trimEnd() !== endOfFile;
}

function readChange(cursor: Cursor, first: boolean): Change {
  const contexts = readContexts(cursor);
  if (contexts === undefined && !first) {
    fail(cursor, `a further change begins with '@@', got '${peek(cursor)}'`);
  }
  const lines: ChangeLine[] = [];
  for (let line = readLine(cursor); line !== undefined; line = readLine(cursor)) lines.push(line);
  const atEnd = peek(cursor).trim() === endOfFile;
  if (lines.length === 0) refuseLine(cursor);
  if (atEnd) cursor.at += 1;
  return { contexts: contexts ?? [], lines, endOfFile: atEnd };
}

/** The `@@` lines; undefined when there is none. */
function readContexts(cursor: Cursor): readonly string[] | undefined {
  const contexts: string[] = [];
  const start = cursor.at;
  for (let head = contextOf(cursor); head !== undefined; head = contextOf(cursor)) {
    if (head.trim() !== '') contexts.push(head);
    cursor.at += 1;
  }
  return cursor.at === start ? undefined : contexts;
}

function contextOf(cursor: Cursor): string | undefined {
  const head = /^@@(?: (.*))?$/.exec(peek(cursor).trimEnd());
  return head === null ? undefined : (head[1] ?? '');
}

function refuseLine(cursor: Cursor): never {
  return fail(
    cursor,
    `unexpected line '${peek(cursor)}'. Each line of a change begins with ' ' (kept), '-' (removed) or '+' (added)`,
  );
}

function readLine(cursor: Cursor): ChangeLine | undefined {
  if (cursor.at >= cursor.lines.length) return undefined;
  const line = peek(cursor);
  const op = line.charAt(0);
  if (line === '') {
    cursor.at += 1;
    return { op: ' ', text: '' };
  }
  if (op !== ' ' && op !== '-' && op !== '+') return undefined;
  cursor.at += 1;
  return { op, text: line.slice(1) };
}
