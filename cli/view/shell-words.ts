const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word that a POSIX shell reads back as it is, also when it holds line ends. */
export function shellWord(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command of this program; `program` is what a person types to call it, ready for a shell. */
export function ownCommand(program: string, ...words: readonly string[]): string {
  return `${program} ${shellCommand(words)}`;
}

/** A command that can be pasted into a POSIX shell. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
