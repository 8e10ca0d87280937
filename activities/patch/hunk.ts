/** One line of a change: kept, removed or added. */
export interface ChangeLine {
  readonly op: ' ' | '-' | '+';
  readonly text: string;
}

/** A run of lines to find and change. */
export interface Change {
  /** The texts after `@@`: lines somewhere above the change, each below the one before (a class, then its method). */
  readonly contexts: readonly string[];
  readonly lines: readonly ChangeLine[];
  /** The change ends where the file ends. */
  readonly endOfFile: boolean;
}

/** What a patch does to one file. Paths are relative, normal and safe: see `checkPath`. */
export type Hunk =
  | { readonly kind: 'add'; readonly path: string; readonly lines: readonly string[] }
  | { readonly kind: 'delete'; readonly path: string }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly moveTo: string | null;
      readonly changes: readonly Change[];
    };

/** Every path that a patch reads or writes, once each, in order. */
export function pathsOf(hunks: readonly Hunk[]): readonly string[] {
  const paths = new Set<string>();
  for (const hunk of hunks) {
    paths.add(hunk.path);
    if (hunk.kind === 'update' && hunk.moveTo !== null) paths.add(hunk.moveTo);
  }
  return [...paths];
}
