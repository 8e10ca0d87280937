/** A word of a command, and how well it is known before the command runs. */
export interface ParsedWord {
  /** What the program gets when literal; the source otherwise. */
  readonly text: string;
  readonly certainty: 'literal' | 'glob' | 'unknown';
}
