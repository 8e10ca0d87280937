import { shellWord } from '../../contracts/shell-word.ts';

/** A command of this program; `program` is what a person types to call it, ready for a shell. */
export function ownCommand(program: string, ...words: readonly string[]): string {
  return `${program} ${shellCommand(words)}`;
}

/** A command that can be pasted into a POSIX shell. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
