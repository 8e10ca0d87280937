import { hasHiddenCharacters } from './hidden-characters.ts';
import type { ParsedWord } from './parsed-word.ts';
import { isPlainGlob, isPlainPath, isPlainVisiblePath } from './paths.ts';
import type { Shape } from './schema.ts';

const maxWordLength = 4096;
const expressions = new Map<string, RegExp>();

/** Whether the words fit a shape whole: each is an option, an option's value or an operand that the shape lists. A word that is not known does not fit. */
export function conforms(shape: Shape, words: readonly ParsedWord[]): boolean {
  const operands: ParsedWord[] = [];
  let onlyOperands = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined) return false;
    if (onlyOperands || isOperand(shape, word)) {
      operands.push(word);
      continue;
    }
    if (word.certainty !== 'literal') return false;
    onlyOperands = word.text === '--';
    const taken = optionLength(shape, word.text, words[index + 1]);
    if (taken === 0) return false;
    index += taken - 1;
  }
  return operandsFit(shape, operands);
}

/** Whether any word is, or may be, one of these options: also with `=value`, among short ones together, or shortened. */
export function hasOption(options: readonly string[], words: readonly ParsedWord[]): 'yes' | 'maybe' | 'no' {
  if (options.length === 0) return 'no';
  let unknown = false;
  for (const word of words) {
    if (word.certainty === 'unknown') unknown = true;
    else if (options.some((option) => isOption(option, word.text))) return 'yes';
  }
  return unknown ? 'maybe' : 'no';
}

function isOption(option: string, text: string): boolean {
  const name = text.split('=', 1)[0] ?? '';
  if (name === option) return true;
  if (option.startsWith('--')) return name.length > 3 && name.startsWith('--') && option.startsWith(name);
  const isShort = /^-[A-Za-z0-9]$/.test(option);
  return isShort && /^-[A-Za-z0-9]+$/.test(name) && name.includes(option.slice(1));
}

function isOperand(shape: Shape, word: ParsedWord): boolean {
  if (word.certainty === 'glob') return true;
  return word.certainty === 'literal' && !word.text.startsWith('-') && !shape.options.includes(word.text);
}

/** How many words an option takes, itself counted; 0 when the shape does not have it. */
function optionLength(shape: Shape, text: string, next: ParsedWord | undefined): 0 | 1 | 2 {
  if (listed(shape, text)) return 1;
  const kind = valueKind(shape, text);
  if (kind !== undefined) return next !== undefined && fits(kind, next) ? 2 : 0;
  return joinedValueFits(shape, text) || isCluster(shape, text) ? 1 : 0;
}

function listed(shape: Shape, text: string): boolean {
  return shape.options.some((option) =>
    option.startsWith('re:') ? expression(option).test(text.slice(0, maxWordLength)) : option === text,
  );
}

function valueKind(shape: Shape, option: string): string | undefined {
  return Object.hasOwn(shape.values, option) ? shape.values[option] : undefined;
}

function joinedValueFits(shape: Shape, text: string): boolean {
  const equals = text.indexOf('=');
  const parts: readonly [string, string][] = [
    ...(equals > 0 ? [[text.slice(0, equals), text.slice(equals + 1)] as [string, string]] : []),
    ...(/^-[A-Za-z]./s.test(text) ? [[text.slice(0, 2), text.slice(2)] as [string, string]] : []),
  ];
  return parts.some(([option, value]) => {
    const kind = valueKind(shape, option);
    return kind !== undefined && fits(kind, { text: value, certainty: 'literal' });
  });
}

function isCluster(shape: Shape, text: string): boolean {
  return (
    /^-[A-Za-z0-9]{2,}$/.test(text) &&
    [...text.slice(1)].every((letter) => shape.options.includes(`-${letter}`))
  );
}

function operandsFit(shape: Shape, operands: readonly ParsedWord[]): boolean {
  if (operands.length < shape.atLeast) return false;
  return operands.every((operand, index) => {
    const kind = shape.operands[index] ?? shape.rest;
    return kind !== null && fits(kind, operand);
  });
}

function fits(kind: string, word: ParsedWord): boolean {
  if (word.text.length > maxWordLength || hasHiddenCharacters(word.text)) return false;
  if (word.certainty === 'glob') return kind === 'path' && isPlainGlob(word.text);
  if (word.certainty !== 'literal') return false;
  if (kind === 'text') return true;
  if (kind === 'number') return /^[+-]?[0-9]{1,15}[kKMGbcmsh]?$/.test(word.text);
  if (kind === 'path') return isPlainPath(word.text);
  if (kind === 'write') return isPlainVisiblePath(word.text);
  return expression(kind).test(word.text);
}

function expression(kind: string): RegExp {
  const known = expressions.get(kind);
  if (known !== undefined) return known;
  const made = new RegExp(`^(?:${kind.slice(3)})$`, 'u');
  expressions.set(kind, made);
  return made;
}
