import type { Assignment, Command, CompoundCommand, Redirect, SyntaxNode, Word } from 'unbash';
import { forEachChild, parse } from 'unbash';
import type { ParsedWord } from './parsed-word.ts';
import { innerCommands, isUnderstoodShellText } from './unwrap.ts';
import { variableSetters } from './wrappers.ts';

/** A file that a redirection opens. */
export interface FileAccess {
  readonly mode: 'read' | 'write';
  readonly target: ParsedWord;
}

/** One program or built-in with its words; without words, only assignments or redirections. */
export interface SimpleCommand {
  readonly words: readonly ParsedWord[];
  readonly assignments: readonly { readonly name: string; readonly value: ParsedWord }[];
  readonly files: readonly FileAccess[];
  /** True for what a wrapper may run: it counts for ask and deny, and needs no rule that allows it. */
  readonly wrapped: boolean;
  /** Where it may run, from the workspace's root; null when that cannot be known. */
  readonly folders: readonly string[] | null;
}

/** What a command does that its words do not show. */
export type Feature =
  | 'substitution'
  | 'function'
  | 'background'
  | 'coprocess'
  | 'arithmetic'
  | 'test expression'
  | 'here-document'
  | 'case'
  | 'select'
  | 'array'
  | 'reassigned loop variable'
  | 'string with escaped quotes';

export type ParsedCommand =
  | {
      readonly status: 'parsed';
      readonly commands: readonly SimpleCommand[];
      readonly features: readonly Feature[];
    }
  | { readonly status: 'unparseable'; readonly reason: string };

const maxLineLength = 65_536;
const maxCommands = 1000;
const maxShellDepth = 8;
const maxFolders = 8;
const maxWords = 50_000;

const featureOfNode: Readonly<Partial<Record<SyntaxNode['type'], Feature>>> = {
  CommandExpansion: 'substitution',
  ProcessSubstitution: 'substitution',
  ArithmeticCommandExpansion: 'substitution',
  Function: 'function',
  Coproc: 'coprocess',
  ArithmeticCommand: 'arithmetic',
  ArithmeticExpansion: 'arithmetic',
  ArithmeticFor: 'arithmetic',
  TestCommand: 'test expression',
  HereDoc: 'here-document',
  HereString: 'here-document',
  Case: 'case',
  Select: 'select',
  ArrayValue: 'array',
};

class Unparseable extends Error {}

interface Walk {
  readonly commands: SimpleCommand[];
  readonly features: Set<Feature>;
  /** Variables of loops over one word, and that word. */
  readonly loops: Map<string, ParsedWord>;
  readonly assigned: Set<string>;
  folders: readonly string[] | null;
  readonly wrapped: boolean;
  readonly depth: number;
  /** Words seen so far in all commands; shared. */
  readonly count: { words: number };
}

/**
 * Understands the words that a system would run: one program, or a shell with a text, which is read by the grammar of bash. What is
 * not certain is said, never guessed; a text that does not parse, is over 64 KiB or holds over 1,000 commands is `unparseable`. Never throws.
 */
export function parseCommand(argv: readonly string[], folder = '.'): ParsedCommand {
  const walk: Walk = {
    commands: [],
    features: new Set(),
    loops: new Map(),
    assigned: new Set(),
    folders: [folder],
    wrapped: false,
    depth: 0,
    count: { words: 0 },
  };
  if (argv.reduce((length, word) => length + word.length, 0) > 2 * maxLineLength) {
    return { status: 'unparseable', reason: `it has over ${2 * maxLineLength} characters` };
  }
  try {
    addCommand(walk, { words: argv.map(literal), assignments: [], files: [] }, []);
  } catch (error) {
    return {
      status: 'unparseable',
      reason: error instanceof Unparseable ? error.message : 'the parser failed',
    };
  }
  return { status: 'parsed', commands: walk.commands, features: [...walk.features] };
}

function walkText(walk: Walk, text: string): void {
  if (text.length > maxLineLength) throw new Unparseable(`it has over ${maxLineLength} characters`);
  if (walk.depth > maxShellDepth) throw new Unparseable(`it has shells over ${maxShellDepth} levels deep`);
  const own = { ...walk, loops: new Map<string, ParsedWord>(), assigned: new Set<string>() };
  visit(own, parse(text));
  for (const name of own.loops.keys()) {
    if (own.assigned.has(name)) walk.features.add('reassigned loop variable');
  }
}

function visit(walk: Walk, node: SyntaxNode): void {
  note(walk, node);
  if (node.type === 'Command') addParsedCommand(walk, node);
  else if (node.type === 'Redirected') addRedirects(walk, node.redirects.filter(isRedirect));
  else if (node.type === 'For') openLoop(walk, node);
  // The children of a command hold further commands only inside expansions.
  forEachChild(node, (child) => visit(walk, child));
}

function note(walk: Walk, node: SyntaxNode): void {
  const feature = featureOfNode[node.type];
  if (feature !== undefined) walk.features.add(feature);
  if (node.type === 'Statement' && node.background === true) walk.features.add('background');
  if (node.type === 'Assignment') walk.assigned.add(node.name);
  if (node.type !== 'Script') return;
  const [error] = ('errors' in node ? node.errors : undefined) ?? [];
  if (error !== undefined) throw new Unparseable(`${error.message} at character ${error.pos + 1}`);
}

function openLoop(walk: Walk, node: Extract<CompoundCommand, { type: 'For' }>): void {
  const [only, ...others] = node.wordlist ?? [];
  const name = node.name.value;
  if (walk.loops.has(name)) walk.features.add('reassigned loop variable');
  if (only !== undefined && others.length === 0) walk.loops.set(name, readWord(walk, only));
}

function addParsedCommand(walk: Walk, node: Command): void {
  const args = node.args.map((arg) =>
    arg.type === 'Assignment' ? assignmentWord(walk, arg) : readWord(walk, arg),
  );
  const words = node.name === undefined ? args : [readWord(walk, node.name), ...args];
  const exported = node.args.filter((arg) => arg.type === 'Assignment');
  const assignments = [...node.prefix.filter((part) => part.type === 'Assignment'), ...exported].map(
    (part) => ({
      name: part.name,
      value:
        part.value.type === 'Word' && part.index === undefined
          ? readWord(walk, part.value)
          : unknown(part.text),
    }),
  );
  const inputs = node.redirects.flatMap((redirect) => inputText(walk, redirect));
  addCommand(
    walk,
    { words, assignments, files: node.redirects.filter(isRedirect).flatMap((r) => fileOf(walk, r)) },
    inputs,
  );
}

function addRedirects(walk: Walk, redirects: readonly Redirect[]): void {
  addCommand(walk, { words: [], assignments: [], files: redirects.flatMap((r) => fileOf(walk, r)) }, []);
}

function addCommand(
  walk: Walk,
  command: Pick<SimpleCommand, 'words' | 'assignments' | 'files'>,
  inputs: readonly ParsedWord[],
): void {
  if (walk.commands.length >= maxCommands) throw new Unparseable(`it has over ${maxCommands} commands`);
  const { words } = command;
  walk.count.words += words.length;
  if (walk.count.words > maxWords) throw new Unparseable(`it has over ${maxWords} words`);
  const nested = { ...walk, depth: walk.depth + 1 };
  if (isUnderstoodShellText(words) && inputs.length === 0) {
    if (command.assignments.length > 0 || command.files.length > 0) push(walk, { ...command, words: [] });
    walkText(nested, words[2]?.text ?? '');
    return;
  }
  push(walk, command);
  noteVariables(walk, words);
  const inner = innerCommands(words, inputs);
  for (const candidate of inner.commands)
    addCommand({ ...nested, wrapped: true }, { words: candidate, assignments: [], files: [] }, []);
  for (const text of inner.texts) walkText({ ...nested, wrapped: true }, text);
  changeFolder(walk, words);
}

function push(walk: Walk, command: Pick<SimpleCommand, 'words' | 'assignments' | 'files'>): void {
  walk.commands.push({ ...command, wrapped: walk.wrapped, folders: walk.folders });
}

function noteVariables(walk: Walk, words: readonly ParsedWord[]): void {
  if (!variableSetters.has(words[0]?.text ?? '')) return;
  for (const name of walk.loops.keys()) {
    if (words.some((word) => word.certainty !== 'literal' || word.text.includes(name)))
      walk.assigned.add(name);
  }
}

/** A change of folder may or may not happen: from here on both are possible. */
function changeFolder(walk: Walk, words: readonly ParsedWord[]): void {
  const [name, target] = words;
  if (name === undefined || !['cd', 'pushd', 'popd'].includes(name.text)) return;
  if (walk.folders === null || target?.certainty !== 'literal' || !/^[^-/~]/.test(target.text)) {
    walk.folders = null;
    return;
  }
  const further = walk.folders.map((folder) => `${folder}/${target.text}`);
  const all = [...new Set([...walk.folders, ...further])];
  walk.folders = all.length > maxFolders ? null : all;
}

function fileOf(walk: Walk, redirect: Redirect): FileAccess[] {
  const target = redirect.target === undefined ? unknown('') : readWord(walk, redirect.target);
  const duplicates =
    (redirect.operator === '>&' || redirect.operator === '<&') && /^(?:[0-9]+-?|-)$/.test(target.text);
  if (duplicates && target.certainty === 'literal') return [];
  return [{ mode: redirect.operator === '<' ? 'read' : 'write', target }];
}

function inputText(walk: Walk, redirect: Command['redirects'][number]): ParsedWord[] {
  if (redirect.type === 'HereString')
    return redirect.target === undefined ? [] : [readWord(walk, redirect.target)];
  if (redirect.type !== 'HereDoc') return [];
  const known = redirect.delimiter?.quoted === true || redirect.body.parts === undefined;
  return [known ? literal(redirect.body.text) : unknown(redirect.body.text)];
}

function isRedirect(node: { readonly type: string }): node is Redirect {
  return node.type === 'Redirect';
}

function assignmentWord(walk: Walk, node: Assignment): ParsedWord {
  const plain = node.value.type === 'Word' && readWord(walk, node.value).certainty === 'literal';
  return plain && node.index === undefined
    ? literal(`${node.name}=${node.value.type === 'Word' ? node.value.value : ''}`)
    : unknown(node.text);
}

function readWord(walk: Walk, word: Word): ParsedWord {
  if (/^~|^[A-Za-z0-9_]+=~|:~/.test(word.text) || word.value.includes('\0')) return unknown(word.text);
  const variable = /^"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))"$/.exec(word.text);
  const looped = variable === null ? undefined : walk.loops.get(variable[1] ?? variable[2] ?? '');
  if (looped !== undefined) return looped;
  if (isAmbiguous(word.text)) walk.features.add('string with escaped quotes');
  const certainties = new Set((word.parts ?? []).map(certaintyOf));
  if (certainties.has('unknown')) return unknown(word.text);
  return { text: word.value, certainty: certainties.has('glob') ? 'glob' : 'literal' };
}

/** Readers of shell text disagree on where a string with escaped quotes ends: with a separator in it, what runs depends on the reader. */
function isAmbiguous(text: string): boolean {
  return /\\["'`]/.test(text) && /[;&|\n]/.test(text);
}

function certaintyOf(part: NonNullable<Word['parts']>[number]): ParsedWord['certainty'] {
  if (part.type === 'Literal' || part.type === 'SingleQuoted' || part.type === 'AnsiCQuoted')
    return 'literal';
  if (part.type === 'DoubleQuoted')
    return part.parts.every((child) => child.type === 'Literal') ? 'literal' : 'unknown';
  if (part.type !== 'Glob') return 'unknown';
  return part.kind === 'bracket' ? 'unknown' : 'glob';
}

function literal(text: string): ParsedWord {
  return { text, certainty: 'literal' };
}

function unknown(text: string): ParsedWord {
  return { text, certainty: 'unknown' };
}
