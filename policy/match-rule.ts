import picomatch from 'picomatch';
import { conforms, hasOption } from './match-words.ts';
import type { SimpleCommand } from './parse-command.ts';
import type { ParsedWord } from './parsed-word.ts';
import { insidePath } from './paths.ts';
import type { PathRule, ShellRule } from './schema.ts';
import { isWrapper, programName } from './unwrap.ts';

/** Whether a rule speaks of a thing; `maybe` when that cannot be known before it runs. */
export type Match = 'yes' | 'maybe' | 'no';

/**
 * Whether a shell rule speaks of a command. An `allow` rule matches only what is certain: literal words, no wrapper, the program's
 * name as written. For `ask` and `deny` the last part of a program's path counts, and what is not known may match.
 */
export function matchShellRule(rule: ShellRule, command: SimpleCommand): Match {
  return rule.effect === 'allow' ? allowMatch(rule, command) : strictMatch(rule, command.words);
}

function allowMatch(rule: ShellRule, command: SimpleCommand): Match {
  const { words } = command;
  if (command.wrapped || isWrapper(words) || prefixMatch(rule, words, false) !== 'yes') return 'no';
  if (rule.atRoot && !isAtRoot(command)) return 'no';
  const rest = words.slice(rule.shell.length);
  const hasNeeded = rule.having.length === 0 || hasOption(rule.having, rest) === 'yes';
  if (!hasNeeded || hasOption(rule.lacking, rest) !== 'no') return 'no';
  if (rule.unless !== null && conforms(rule.unless, rest)) return 'no';
  const fits = rule.only === null ? rest.every(isLiteral) : conforms(rule.only, rest);
  return fits ? 'yes' : 'no';
}

function isAtRoot(command: SimpleCommand): boolean {
  return command.folders?.length === 1 && insidePath(command.folders[0] ?? '') === '.';
}

function strictMatch(rule: ShellRule, words: readonly ParsedWord[]): Match {
  const prefix = prefixMatch(rule, words, true);
  const rest = words.slice(rule.shell.length);
  if (prefix !== 'yes') return prefix;
  if (rule.unless !== null && conforms(rule.unless, rest)) return 'no';
  if (hasOption(rule.lacking, rest) === 'yes') return 'no';
  const having = rule.having.length === 0 ? 'yes' : hasOption(rule.having, rest);
  return weaker(having, onlyMatch(rule, rest));
}

function onlyMatch(rule: ShellRule, rest: readonly ParsedWord[]): Match {
  if (rule.only === null || conforms(rule.only, rest)) return 'yes';
  return rest.every(isLiteral) ? 'no' : 'maybe';
}

function weaker(one: Match, other: Match): Match {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'maybe' ? one : other;
}

function isLiteral(word: ParsedWord): boolean {
  return word.certainty === 'literal';
}

function prefixMatch(rule: ShellRule, words: readonly ParsedWord[], byName: boolean): Match {
  for (const [index, token] of rule.shell.entries()) {
    const word = words[index];
    if (word === undefined) return 'no';
    if (!isLiteral(word)) return 'maybe';
    const text = byName && index === 0 ? programName(word) : word.text;
    if (![token].flat().includes(text)) return 'no';
  }
  return 'yes';
}

const matchers = new Map<string, (path: string) => boolean>();

/** Whether a path rule speaks of a path; upper and lower case are the same for `ask` and `deny`, since they are on some file systems. */
export function matchPathRule(rule: PathRule, path: string): boolean {
  return rule.path.some((glob) => globMatcher(glob, rule.effect !== 'allow')(path));
}

/** Whether a path rule speaks of a path that may begin outside: any end of it counts. */
export function matchPathRuleAnywhere(rule: PathRule, path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.slice(-64).some((_, index, last) => matchPathRule(rule, last.slice(index).join('/')));
}

function globMatcher(glob: string, nocase: boolean): (path: string) => boolean {
  const key = `${nocase}:${glob}`;
  const known = matchers.get(key);
  if (known !== undefined) return known;
  const made = picomatch(glob, { dot: true, nocase });
  matchers.set(key, made);
  return made;
}
