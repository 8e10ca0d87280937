/** All controls but tabs and ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/**
 * What a person sent, as the state keeps it: cut, never in the middle of a character, and without controls and halves of characters, of
 * which JSON makes six bytes each. So a character takes at most three.
 */
export function plainText(text: string, maxCharacters: number): string {
  return text
    .slice(0, maxCharacters)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(controls, '\ufffd')
    .toWellFormed();
}
