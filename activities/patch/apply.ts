import { changeFile } from './change-file.ts';
import { type Hunk, pathsOf } from './hunk.ts';

/** One file to write, or to remove when `bytes` is null. */
export interface PatchWrite {
  readonly path: string;
  readonly bytes: Uint8Array | null;
  /** The file that this one was before: its mode is to be kept. */
  readonly movedFrom: string | null;
}

export type AppliedPatch =
  | { readonly ok: true; readonly writes: readonly PatchWrite[]; readonly summary: string }
  | { readonly ok: false; readonly reason: string };

interface Draft {
  readonly files: Map<string, Uint8Array | null>;
  readonly movedFrom: Map<string, string>;
  readonly lines: string[];
}

/**
 * Applies a parsed patch to the files as they were read (`null` or absent: no such file). Pure and atomic: all of it or nothing. The
 * reason and the summary are texts for the model; a failure names the lines that were not found.
 */
export function applyPatch(
  hunks: readonly Hunk[],
  read: ReadonlyMap<string, Uint8Array | null>,
): AppliedPatch {
  const draft: Draft = {
    files: new Map(pathsOf(hunks).map((path) => [path, read.get(path) ?? null])),
    movedFrom: new Map(),
    lines: [],
  };
  for (const hunk of hunks) {
    const reason = applyHunk(draft, hunk);
    if (reason !== undefined) return { ok: false, reason };
  }
  const writes = writesOf(draft, read);
  const clash = clashOf(draft);
  if (clash !== undefined) return { ok: false, reason: clash };
  return { ok: true, writes, summary: ['Success. Updated the following files:', ...draft.lines].join('\n') };
}

/** Carries out one hunk on the draft, so that a later hunk sees what an earlier one did; gives the reason when it can't. */
function applyHunk(draft: Draft, hunk: Hunk): string | undefined {
  const current = draft.files.get(hunk.path) ?? null;
  switch (hunk.kind) {
    case 'add':
      draft.files.set(hunk.path, Buffer.from(hunk.lines.map((line) => `${line}\n`).join('')));
      draft.lines.push(`${current === null ? 'A' : 'M'} ${hunk.path}`);
      return undefined;
    case 'delete':
      if (current === null) return `verification failed: Failed to delete ${hunk.path}: no such file`;
      draft.files.set(hunk.path, null);
      draft.lines.push(`D ${hunk.path}`);
      return undefined;
    case 'update':
      if (current === null) return `verification failed: Failed to read ${hunk.path}: no such file`;
      return applyUpdate(draft, hunk, current);
  }
}

function applyUpdate(
  draft: Draft,
  hunk: Extract<Hunk, { kind: 'update' }>,
  current: Uint8Array,
): string | undefined {
  const changed = changeFile(hunk.path, current, hunk.changes);
  if (!changed.ok) return changed.reason;
  const target = hunk.moveTo ?? hunk.path;
  if (target !== hunk.path) {
    draft.files.set(hunk.path, null);
    draft.movedFrom.set(target, draft.movedFrom.get(hunk.path) ?? hunk.path);
  }
  draft.files.set(target, changed.bytes);
  draft.lines.push(`M ${target}`);
  return undefined;
}

function writesOf(draft: Draft, read: ReadonlyMap<string, Uint8Array | null>): readonly PatchWrite[] {
  const writes: PatchWrite[] = [];
  for (const [path, bytes] of draft.files) {
    const before = read.get(path) ?? null;
    if (bytes === null && before === null) continue;
    if (bytes !== null && before !== null && Buffer.compare(bytes, before) === 0) continue;
    writes.push({ path, bytes, movedFrom: bytes === null ? null : (draft.movedFrom.get(path) ?? null) });
  }
  // A file that goes may leave its name to a folder that comes.
  return writes.toSorted((a, b) => Number(a.bytes !== null) - Number(b.bytes !== null));
}

/** One name cannot be a file and a folder at once. */
function clashOf(draft: Draft): string | undefined {
  const present = new Set([...draft.files].filter(([, bytes]) => bytes !== null).map(([path]) => path));
  for (const path of present) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (present.has(folder)) return `patch rejected: ${folder} cannot be a file, as ${path} lies in it`;
    }
  }
  return undefined;
}
