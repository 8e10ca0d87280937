/** Characters that make a text look like another: controls (tab and newline aside), format and direction marks, lone surrogates, private ones. */
const hidden = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

/** Whether what a person sees of a text may differ from what it is. */
export function hasHiddenCharacters(text: string): boolean {
  return hidden.test(text);
}

/** The text with every such character, and newlines and tabs, written as an escape. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
