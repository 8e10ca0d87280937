import stringWidth from 'string-width';

const tokens = new RegExp(`${String.fromCharCode(27)}\\[(\\d*)([A-Za-z])|[\\s\\S]`, 'gu');

/** What a terminal of so many columns shows after it was sent `text`: knows line ends, cursor up, clear to the end, and wrapping. */
export function screenAfter(text: string, columns: number): string {
  const rows: string[] = [''];
  let row = 0;
  const put = (character: string) => {
    if (stringWidth((rows[row] ?? '') + character) > columns) newLine();
    rows[row] = (rows[row] ?? '') + character;
  };
  const newLine = () => {
    row += 1;
    rows[row] ??= '';
  };
  const clear = () => {
    rows.length = row + 1;
    rows[row] = '';
  };
  for (const [token, count, command] of text.matchAll(tokens)) {
    if (token === '\n') newLine();
    else if (token === '\r') rows[row] = '';
    else if (command === 'A') row = Math.max(0, row - Number(count));
    else if (command === 'J') clear();
    else if (command !== undefined) throw new Error(`the emulator does not know ${JSON.stringify(token)}`);
    else put(token);
  }
  return rows.map((line) => line.trimEnd()).join('\n');
}
