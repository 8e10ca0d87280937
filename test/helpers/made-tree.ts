import type { Tree } from '../../activities/perceive/tree.ts';

/** A tree to read from, out of text files; a value of `{ link }` is a symbolic link. Reads are counted. */
export function madeTree(
  files: Readonly<Record<string, string | { readonly link: string }>>,
): Tree & { readonly reads: () => number } {
  let reads = 0;
  const names = Object.keys(files).sort();
  return {
    entries: names.map((path) => {
      const file = files[path] ?? '';
      const bytes = Buffer.byteLength(typeof file === 'string' ? file : file.link);
      const mode = typeof file === 'string' ? '100644' : '120000';
      return { path, mode, object: Buffer.from(JSON.stringify(file)).toString('hex').padEnd(40, '0'), bytes };
    }),
    read: async (paths, maxBytes) => {
      reads += 1;
      const found = new Map<string, Uint8Array>();
      for (const path of paths) {
        const file = files[path];
        if (typeof file === 'string') {
          found.set(path, Buffer.from(file).subarray(0, maxBytes));
        }
      }
      return found;
    },
    reads: () => reads,
  };
}
