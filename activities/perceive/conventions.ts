import { directoryOf, isFile, isForeign, isUnder, lineage, nameOf, plainPath, type Tree } from './tree.ts';

export interface ConventionFile {
  readonly path: string;
  /** The directory that it speaks of, `''` for the whole repository. */
  readonly directory: string;
  readonly bytes: number;
  /** What is read of it; less than `bytes` when it was cut. */
  readonly keptBytes: number;
  readonly text: string;
}

export interface Conventions {
  /** From the root to the leaves. */
  readonly files: readonly ConventionFile[];
  readonly dropped: readonly { readonly path: string; readonly bytes: number; readonly reason: string }[];
}

/** The limit of all files together. Source: the default of `project_doc_max_bytes` in Codex, for which most of these files are written. */
export const maxConventionsBytes = 32 * 1024;
const minPartBytes = 1024;
const maxFiles = 200;

/**
 * What a repository says of how to work in it: `AGENTS.md` of the directories from the root to the task's paths, then of those below. In each
 * directory `AGENTS.override.md` goes before it. Under the limit the nearest file to the work wins: the deepest on the way to the task's paths,
 * then the one above, then those below; what was cut or dropped is named. Format: https://agents.md
 */
export async function readConventions(
  tree: Tree,
  taskPaths: readonly string[],
  maxBytes: number = maxConventionsBytes,
): Promise<Conventions> {
  const dropped: { path: string; bytes: number; reason: string }[] = [];
  const ranked = rank(candidates(tree, dropped), taskPaths);
  const contents = await tree.read(
    ranked.slice(0, maxFiles).map(({ path }) => path),
    maxBytes,
  );
  const files: ConventionFile[] = [];
  let left = maxBytes;
  for (const { path, bytes } of ranked) {
    const kept = keptPart(contents.get(path) ?? new Uint8Array(), bytes, left);
    if (kept.byteLength === 0) {
      dropped.push({ path, bytes, reason: bytes === 0 ? 'it is empty' : 'nearer files took the limit' });
    } else {
      // After one that was cut nothing goes in: a smaller file farther away would seem to matter more.
      left = kept.byteLength < bytes ? 0 : left - kept.byteLength;
      const text = new TextDecoder().decode(kept);
      files.push({ path, directory: directoryOf(path), bytes, keptBytes: kept.byteLength, text });
    }
  }
  return { files: files.sort((a, b) => depth(a.path) - depth(b.path) || compare(a.path, b.path)), dropped };
}

interface Candidate {
  readonly path: string;
  readonly bytes: number;
}

function candidates(
  tree: Tree,
  dropped: { path: string; bytes: number; reason: string }[],
): readonly Candidate[] {
  const byDirectory = new Map<string, Candidate>();
  const named = tree.entries.filter(
    ({ path }) => /^AGENTS(?:\.override)?\.md$/.test(nameOf(path)) && !isForeign(path),
  );
  for (const entry of named) {
    const { path, bytes } = entry;
    const overridden = byDirectory.get(directoryOf(path));
    if (!isFile(entry)) {
      dropped.push({ path, bytes, reason: 'it is a symbolic link' });
    } else if (overridden === undefined) {
      byDirectory.set(directoryOf(path), { path, bytes });
    } else {
      // Two at most, and in git's order: `AGENTS.md` comes first.
      byDirectory.set(directoryOf(path), { path, bytes });
      dropped.push({ ...overridden, reason: `${nameOf(path)} goes before it` });
    }
  }
  return [...byDirectory.values()];
}

/** The nearest to the work first. */
function rank(files: readonly Candidate[], taskPaths: readonly string[]): readonly Candidate[] {
  const scopes = taskPaths.length === 0 ? [''] : taskPaths.map(plainPath);
  const above = new Set(scopes.flatMap(lineage));
  const onTheWay = files.filter(({ path }) => above.has(directoryOf(path)));
  const below = files.filter(({ path }) => {
    const directory = directoryOf(path);
    return !above.has(directory) && scopes.some((scope) => isUnder(directory, scope));
  });
  return [
    ...onTheWay.toSorted((a, b) => depth(b.path) - depth(a.path) || compare(a.path, b.path)),
    ...below.toSorted((a, b) => depth(a.path) - depth(b.path) || compare(a.path, b.path)),
  ];
}

/** The whole file, or the whole lines of it that fit; nothing rather than a useless rest. */
function keptPart(content: Uint8Array, bytes: number, maxBytes: number): Uint8Array {
  if (bytes <= maxBytes) {
    return content;
  }
  if (maxBytes < minPartBytes) {
    return new Uint8Array();
  }
  const part = content.subarray(0, maxBytes);
  const end = part.lastIndexOf(0x0a);
  return end === -1 ? part : part.subarray(0, end + 1);
}

function depth(path: string): number {
  return path.split('/').length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
