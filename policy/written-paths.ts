import { hasOption } from './match-words.ts';
import type { SimpleCommand } from './parse-command.ts';
import type { ParsedWord } from './parsed-word.ts';
import { insidePath } from './paths.ts';
import { programName } from './unwrap.ts';
import { writers, writersByOption, writingSubcommands } from './wrappers.ts';

/** A path that a command may write, as far as its words tell. */
export interface WrittenPath {
  /** From the workspace's root, or as written when it begins elsewhere; null when it cannot be known. */
  readonly path: string | null;
  readonly inside: boolean;
}

const devices: ReadonlySet<string> = new Set([
  '/dev/null',
  '/dev/stdout',
  '/dev/stderr',
  '/dev/tty',
  '/dev/zero',
]);

/** Whether a redirection reaches nothing that lasts. */
export function isDevice(word: ParsedWord): boolean {
  return word.certainty === 'literal' && devices.has(word.text);
}

/** What a command is seen to write: its redirections, and the operands of programs that write them. A program that writes by itself is not seen. */
export function writtenPaths(command: SimpleCommand): readonly WrittenPath[] {
  const redirected = command.files
    .filter((file) => file.mode === 'write' && !isDevice(file.target))
    .map((f) => f.target);
  const targets = [...redirected, ...operandsWritten(command.words)];
  return targets.flatMap((word) => locate(word, command.folders));
}

function operandsWritten(words: readonly ParsedWord[]): readonly ParsedWord[] {
  const name = programName(words[0]);
  const rest = words.slice(1);
  const byOption = Object.hasOwn(writersByOption, name) ? (writersByOption[name] ?? []) : [];
  const bySubcommand = writingSubcommands.some(([program, sub]) => program === name && sub === rest[0]?.text);
  if (!writers.has(name) && !bySubcommand && hasOption(byOption, rest) === 'no') return [];
  return rest.flatMap((word) => operandOf(word));
}

function operandOf(word: ParsedWord): readonly ParsedWord[] {
  if (word.certainty !== 'literal') return [word];
  const value = /^-{0,2}[A-Za-z-]*=(.+)$/s.exec(word.text)?.[1];
  if (value !== undefined) return [{ text: value, certainty: 'literal' }];
  return word.text.startsWith('-') ? [] : [word];
}

function locate(word: ParsedWord, folders: readonly string[] | null): readonly WrittenPath[] {
  if (word.certainty !== 'literal' || word.text === '') return [{ path: null, inside: false }];
  if (word.text.startsWith('/')) return [{ path: word.text, inside: false }];
  if (folders === null)
    return [
      { path: word.text, inside: false },
      { path: null, inside: false },
    ];
  return folders.map((folder) => {
    const inside = insidePath(`${folder}/${word.text}`);
    return { path: inside ?? word.text, inside: inside !== null };
  });
}
