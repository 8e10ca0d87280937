const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word that a POSIX shell reads back as it is, also when it holds line ends. */
export function shellWord(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
