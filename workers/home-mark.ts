import { statSync } from 'node:fs';

/** Names a home's directory itself: it stays when the home is moved, and a copy of the home has another. */
export function homeMark(home: string): string {
  const { dev, ino } = statSync(home, { bigint: true });
  return `${dev}:${ino}`;
}

/** Whether what a file of a home says of processes is that home's own, and not what came with a copy. A file of a version without marks counts. */
export function marksHome(home: string, recorded: unknown): boolean {
  if (typeof recorded !== 'object' || recorded === null || !('home' in recorded)) return true;
  return recorded.home === homeMark(home);
}
