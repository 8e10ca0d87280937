/** A piece of text as it may be written to a terminal; `escaped` marks what stands for a character that must not get there. */
export interface SafePiece {
  readonly text: string;
  readonly escaped: boolean;
}

const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?![ \u3000])\p{Zs}|\u2800/gu;
const endsWithPictograph = /(?:\p{Extended_Pictographic}|[0-9#*])(?:\ufe0f|\p{Emoji_Modifier})?$/u;
const startsWithPictograph = /^\p{Extended_Pictographic}/u;

/**
 * Text that nobody vouches for, made safe to show: control characters (terminal escape sequences), characters that reorder or hide
 * text (Unicode TR 9, TR 36) and look-alikes of a space are replaced by `<U+202E>`. A tab becomes four spaces. What joins an emoji
 * sequence stays.
 */
export function escapeText(text: string): readonly SafePiece[] {
  const pieces: SafePiece[] = [];
  let from = 0;
  for (const match of text.matchAll(hidden)) {
    const found = match[0];
    const end = match.index + found.length;
    if (isEmojiGlue(text, match.index, found)) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), escaped: false });
    pieces.push(found === '\t' ? { text: '    ', escaped: false } : { text: named(found), escaped: true });
    from = end;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), escaped: false });
  return pieces;
}

/** The same as one string. */
export function safeText(text: string): string {
  return escapeText(text)
    .map((piece) => piece.text)
    .join('');
}

/** Lines of a text from outside; `\r\n` ends a line as `\n` does. */
export function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/u);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function named(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

function isEmojiGlue(text: string, index: number, found: string): boolean {
  const before = text.slice(Math.max(0, index - 4), index);
  if (found === '\ufe0f') return endsWithPictograph.test(before);
  if (found !== '\u200d' || !endsWithPictograph.test(before)) return false;
  return startsWithPictograph.test(text.slice(index + 1, index + 3));
}
