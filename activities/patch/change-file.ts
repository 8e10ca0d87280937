import { findLines } from './find-lines.ts';
import type { Change } from './hunk.ts';
import { newLine, readTextFile, type TextFile, type TextLine, writeTextFile } from './text-file.ts';

export type ChangedFile =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

interface Place {
  readonly start: number;
  readonly change: Change;
}

/** Carries out the changes of one file, each below the one before. Lines that are kept stay as they are in the file, also where the patch writes them a little differently. */
export function changeFile(path: string, bytes: Uint8Array, changes: readonly Change[]): ChangedFile {
  if (changes.length === 0) return { ok: true, bytes };
  const file = readTextFile(bytes);
  if (file === undefined) {
    return {
      ok: false,
      reason: `verification failed: ${path} is a binary file, which a patch cannot change`,
    };
  }
  const texts = file.lines.map((line) => line.text);
  const places: Place[] = [];
  let from = 0;
  for (const wanted of changes) {
    const found = locate(path, texts, wanted, from);
    if (!found.ok) return found;
    places.push(found.place);
    from = found.place.start + oldLines(found.place.change).length;
  }
  return { ok: true, bytes: writeTextFile(rewrite(file, places), file.eol) };
}

function oldLines(change: Change): readonly string[] {
  return change.lines.filter((line) => line.op !== '+').map((line) => line.text);
}

type Located = { readonly ok: true; readonly place: Place } | { readonly ok: false; readonly reason: string };

function locate(path: string, texts: readonly string[], change: Change, from: number): Located {
  const failed = (what: string): Located => ({ ok: false, reason: `verification failed: ${what}` });
  let start = from;
  let lastContext = from;
  for (const context of change.contexts) {
    const found = findLines(texts, [context], start, false);
    if (found === undefined) return failed(`Failed to find context '${context}' in ${path}`);
    lastContext = found;
    start = found + 1;
  }
  const wanted = oldLines(change);
  if (wanted.length === 0) {
    const end = change.contexts.length === 0 || change.endOfFile ? texts.length : start;
    return { ok: true, place: { start: end, change } };
  }
  // Models also repeat the context line as the first line of the change.
  const place = placeOf(texts, change, start) ?? placeOf(texts, change, lastContext);
  if (place !== undefined) return { ok: true, place };
  return failed(`Failed to find expected lines in ${path}:\n${wanted.join('\n')}`);
}

function placeOf(texts: readonly string[], change: Change, from: number): Place | undefined {
  for (const tried of [change, withoutEmptyEnd(change)]) {
    const start = tried && findLines(texts, oldLines(tried), from, tried.endOfFile);
    if (tried !== undefined && start !== undefined) return { start, change: tried };
  }
  return undefined;
}

/**
 * The change without the empty lines at its end, which often stand for the file's last line end or set off what follows in the patch;
 * undefined when there are none, or nothing else.
 */
function withoutEmptyEnd(change: Change): Change | undefined {
  const last = change.lines.findLastIndex((line) => line.op !== '+' && line.text !== '');
  if (last === -1) return undefined;
  const lines = change.lines.filter((line, index) => index <= last || line.op === '+');
  return lines.length === change.lines.length ? undefined : { ...change, lines };
}

function rewrite(file: TextFile, places: readonly Place[]): readonly TextLine[] {
  const result: TextLine[] = [];
  let at = 0;
  for (const place of places) {
    result.push(...file.lines.slice(at, place.start), ...changedLines(file, place));
    at = place.start + oldLines(place.change).length;
  }
  return [...result, ...file.lines.slice(at)];
}

function changedLines(file: TextFile, { start, change }: Place): readonly TextLine[] {
  let at = start;
  return change.lines.flatMap((line) => {
    if (line.op === '+') return [newLine(line.text, file.eol)];
    const old = file.lines.slice(at, at + 1);
    at += 1;
    return line.op === ' ' ? old : [];
  });
}
