import { type TaskId, TaskIdSchema } from '../contracts/ids.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const maxSlugLength = 40;

/** A task's id: what the instruction says first, and five characters of RFC 4648 base 32 that tell equal ones apart. */
export function newTaskId(instruction: string, randomBytes: (count: number) => Uint8Array): TaskId {
  const suffix = Array.from(randomBytes(5), (byte) => alphabet[byte % 32]).join('');
  return TaskIdSchema.parse(`${slugOf(instruction)}-${suffix}`);
}

function slugOf(instruction: string): string {
  const words = instruction
    .normalize('NFKD')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  let slug = '';
  for (const word of words.slice(0, 7)) {
    const longer = slug === '' ? word.slice(0, maxSlugLength) : `${slug}-${word}`;
    if (longer.length > maxSlugLength) break;
    slug = longer;
  }
  return slug === '' ? 'task' : slug;
}
