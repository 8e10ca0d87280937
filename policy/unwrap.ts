import type { ParsedWord } from './parsed-word.ts';
import {
  appendingWrappers,
  findCommands,
  lookups,
  shells,
  textWrappers,
  understoodShells,
  wrappers,
} from './wrappers.ts';

/** What a command may run besides itself. */
export interface Inner {
  readonly commands: readonly (readonly ParsedWord[])[];
  /** Texts that a shell may read. */
  readonly texts: readonly string[];
}

const maxCandidates = 32;
const anything: ParsedWord = { text: '', certainty: 'unknown' };

/** The last part of a program's path. */
export function programName(word: ParsedWord | undefined): string {
  return word?.certainty === 'literal' ? word.text.slice(word.text.lastIndexOf('/') + 1) : '';
}

/** Whether a command is one that runs another, so that its own words do not say what happens. */
export function isWrapper(words: readonly ParsedWord[]): boolean {
  const name = programName(words[0]);
  if (lookups[name]?.includes(words[1]?.text ?? '') === true) return false;
  return wrappers.has(name) || (shells.has(name) && words.some((word) => /^-[a-z]*[cs]/.test(word.text)));
}

/** Whether the words are a shell of known grammar, `-c` (with `-l`, `-e`, `-u` or `-x`), and one literal text. */
export function isUnderstoodShellText(words: readonly ParsedWord[]): boolean {
  const [shell, option, text, ...others] = words;
  if (shell === undefined || option === undefined || text === undefined || others.length > 0) return false;
  const known = [shell, option, text].every((word) => word.certainty === 'literal');
  return known && understoodShells.has(shell.text) && /^-[leux]*c$/.test(option.text);
}

/**
 * Every command that a wrapper, a shell or `find` may run: more than it does run, never less, as far as the words tell.
 * The words after any word that is no option may be a command, since which option takes a value differs by program.
 */
export function innerCommands(words: readonly ParsedWord[], inputs: readonly ParsedWord[]): Inner {
  const name = programName(words[0]);
  if (shells.has(name)) return shellTexts(words, inputs);
  if (name === 'find') return { commands: findActions(words), texts: [] };
  if (isWrapper(words)) return wrapperCommands(name, words);
  return { commands: subcommands(name, words), texts: [] };
}

function shellTexts(words: readonly ParsedWord[], inputs: readonly ParsedWord[]): Inner {
  const candidates = [...words.slice(1), ...inputs];
  const texts = candidates.filter((word) => word.certainty === 'literal' && !word.text.startsWith('-'));
  const runsUnknown = candidates.some((word) => word.certainty !== 'literal');
  return { commands: runsUnknown ? [[anything]] : [], texts: texts.map((word) => word.text) };
}

function findActions(words: readonly ParsedWord[]): (readonly ParsedWord[])[] {
  const starts = words.flatMap((word, index) => (findCommands.has(word.text) ? [index + 1] : []));
  if (starts.length > maxCandidates) return [[anything]];
  return starts.map((start) => [...words.slice(start).filter((word) => word.text !== '{}'), anything]);
}

function wrapperCommands(name: string, words: readonly ParsedWord[]): Inner {
  const appended = appendingWrappers.has(name) ? [anything] : [];
  const starts = words.flatMap((word, index) => (index > 0 && !word.text.startsWith('-') ? [index] : []));
  const texts = textWrappers.has(name) ? words.slice(1).flatMap((word) => shellText(word)) : [];
  if (name === 'eval')
    texts.push(
      words
        .slice(1)
        .map((word) => word.text)
        .join(' '),
    );
  const commands =
    starts.length > maxCandidates
      ? [...starts.slice(0, maxCandidates).map((start) => words.slice(start)), [anything]]
      : starts.map((start) => [...words.slice(start), ...appended]);
  return { commands, texts };
}

/** A word with white space, or an option that holds one, may be a line for a shell. */
function shellText(word: ParsedWord): string[] {
  if (word.certainty !== 'literal' || !/\s/.test(word.text)) return [];
  const value = /^-[^\s=]*=(.*)$/s.exec(word.text)?.[1];
  return [value ?? word.text];
}

/** `git -C folder push` is `git push` as well: with options first, any later word may be the sub-command. */
function subcommands(name: string, words: readonly ParsedWord[]): (readonly ParsedWord[])[] {
  const [first, next] = words;
  if (first === undefined || name === '' || next?.text.startsWith('-') !== true) return [];
  const starts = words.flatMap((word, index) => (index > 0 && !word.text.startsWith('-') ? [index] : []));
  return starts
    .slice(0, 4)
    .map((start) => [{ text: name, certainty: 'literal' as const }, ...words.slice(start)]);
}
