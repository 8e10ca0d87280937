import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosWorld } from '../chaos-world.ts';
import type { Fault } from './fault.ts';
import { untilTriedAgain } from './until-tried-again.ts';

const fillerBytes = 4 * 1024;

/** Full until an activity has failed of it and has begun again. The store must lie on a small disk of its own. */
export const fillStore: Fault = {
  name: 'artifact store full for a while',
  losesCommands: false,
  async inflict({ world, task, letGo }) {
    const filler = join(world.home, 'artifacts', 'filler');
    fill(filler);
    try {
      letGo();
      await untilTriedAgain(world, task);
    } finally {
      rmSync(filler);
    }
    return Date.now();
  },
};

function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(fillerBytes, 1), { flag: 'a' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

/** Changes one byte in each artifact of a world, those aside that say what a task or a question is; gives what brings them back. */
export function flipBytes({ home }: ChaosWorld): () => void {
  const directory = join(home, 'artifacts');
  const kept = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('tmp'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file)] as const)
    .filter(([, bytes]) => bytes.length > 0 && !bytes.includes('"requestedBy"'));
  for (const [file, bytes] of kept) {
    const flipped = Buffer.from(bytes);
    const middle = Math.floor(bytes.length / 2);
    flipped.writeUInt8(flipped.readUInt8(middle) ^ 1, middle);
    writeFileSync(file, flipped);
  }
  return () => {
    for (const [file, bytes] of kept) writeFileSync(file, bytes);
  };
}
