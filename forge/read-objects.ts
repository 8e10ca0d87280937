import type { Git } from './git.ts';
import { expectOk } from './git-errors.ts';

/**
 * The bytes of objects by name, each cut at `maxBytes`; names that the repository lacks are left out. One git process; memory holds what
 * is kept, however large the objects are.
 */
export async function readObjects(
  git: Git,
  gitDir: string,
  objects: Iterable<string>,
  maxBytes: number,
): Promise<ReadonlyMap<string, Buffer>> {
  const names = [...new Set(objects)];
  const reader = createBatchReader(maxBytes);
  if (names.length > 0) {
    const input = `${names.join('\n')}\n`;
    const result = await git({ gitDir, args: ['cat-file', '--batch'], input, onStdout: reader.take });
    expectOk(`can't read objects of ${gitDir}`, result, 'repository.changed');
  }
  return reader.found;
}

/** Parses the stream of `cat-file --batch`: `<object> <type> <size>\n<bytes>\n`, or `<object> missing\n`. */
export function createBatchReader(maxBytes: number): {
  readonly take: (chunk: Buffer) => void;
  readonly found: ReadonlyMap<string, Buffer>;
} {
  const found = new Map<string, Buffer>();
  let header = Buffer.alloc(0);
  let body: { readonly name: string; readonly kept: Buffer[]; keep: number; left: number } | undefined;

  function takeHeader(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a);
    if (end === -1) {
      header = Buffer.concat([header, chunk]);
      return Buffer.alloc(0);
    }
    const line = Buffer.concat([header, chunk.subarray(0, end)]).toString('latin1');
    header = Buffer.alloc(0);
    const [name = '', type, size] = line.split(' ');
    if (type !== 'missing') {
      const bytes = Number(size);
      // One more than the object: the line end behind it.
      body = { name, kept: [], keep: Math.min(bytes, maxBytes), left: bytes + 1 };
    }
    return chunk.subarray(end + 1);
  }

  function takeBody(open: NonNullable<typeof body>, chunk: Buffer): Buffer {
    const part = chunk.subarray(0, Math.min(chunk.length, open.left));
    if (open.keep > 0) {
      // A copy: the chunk's memory is larger than what is kept of it.
      open.kept.push(Buffer.from(part.subarray(0, Math.min(part.length, open.keep))));
      open.keep -= Math.min(part.length, open.keep);
    }
    open.left -= part.length;
    if (open.left === 0) {
      found.set(open.name, Buffer.concat(open.kept));
      body = undefined;
    }
    return chunk.subarray(part.length);
  }

  return {
    take: (chunk) => {
      let rest = chunk;
      while (rest.length > 0) {
        rest = body === undefined ? takeHeader(rest) : takeBody(body, rest);
      }
    },
    found,
  };
}
