import type { FileChange } from '../contracts/task-repository.ts';
import { decodeName, splitFields } from './names.ts';

const statuses: Readonly<Record<string, FileChange['status']>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'type_changed',
};

/**
 * Parses `diff-tree -r -z -M --raw --numstat`: first all raw entries, `:<modes> <objects> <status>\0<path>\0[<to>\0]`, then as many of
 * numbers, `<added>\t<removed>\t<path>\0` or `<added>\t<removed>\t\0<from>\0<to>\0`. Binary files count no lines.
 */
export function parseChanges(bytes: Buffer): readonly FileChange[] {
  const fields = splitFields(bytes).values();
  const changes: Omit<FileChange, keyof Lines>[] = [];
  const lines = new Map<string, Lines>();
  for (const field of fields) {
    if (field[0] === colon) {
      changes.push(takeChange(field, fields));
    } else {
      const [path, counted] = takeLines(field, fields);
      lines.set(path, counted);
    }
  }
  return changes.map((change) => ({
    ...change,
    ...(lines.get(change.path) ?? { linesAdded: 0, linesRemoved: 0 }),
  }));
}

type Lines = Pick<FileChange, 'linesAdded' | 'linesRemoved'>;
type Fields = IterableIterator<Buffer>;
const colon = 0x3a;

function takeName(fields: Fields): string {
  return decodeName(fields.next().value ?? Buffer.alloc(0)).path;
}

function takeChange(field: Buffer, fields: Fields): Omit<FileChange, keyof Lines> {
  const status = statuses[field.toString('latin1').split(' ')[4]?.[0] ?? ''] ?? 'modified';
  const first = takeName(fields);
  return status === 'renamed'
    ? { path: takeName(fields), status, fromPath: first }
    : { path: first, status, fromPath: null };
}

function takeLines(field: Buffer, fields: Fields): readonly [string, Lines] {
  const [added = '', removed = ''] = field.toString('latin1').split('\t', 2);
  const name = field.subarray(added.length + removed.length + 2);
  const counted = { linesAdded: Number(added) || 0, linesRemoved: Number(removed) || 0 };
  if (name.length > 0) {
    return [decodeName(name).path, counted];
  }
  // A rename: the old name, then the new one.
  takeName(fields);
  return [takeName(fields), counted];
}
