const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A value as one line of JSON (RFC 8259) that is safe on a terminal too: what JSON would leave as it is, such as C1 controls, DEL and
 * characters that reorder text, is escaped. A program reads the same value.
 */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replaceAll(hidden, escaped)}\n`;
}

/** JSON knows UTF-16 units only: a character beyond the first plane is two of them. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
