/** How two lines may differ and still be taken for the same, from strict to loose. Each pass covers the whole file before the next begins. */
const passes: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  (line) => plainPunctuation(line.trim()),
];

/**
 * The index of the first place at or after `from` where `wanted` stands; undefined when nowhere. With `atEnd` it is looked for at the
 * end of the file first.
 */
export function findLines(
  lines: readonly string[],
  wanted: readonly string[],
  from: number,
  atEnd: boolean,
): number | undefined {
  const last = lines.length - wanted.length;
  for (const same of passes) {
    const target = wanted.map(same);
    const matches = (start: number) =>
      target.every((line, offset) => same(lines[start + offset] ?? '') === line);
    if (atEnd && last >= from && matches(last)) return last;
    for (let start = from; start <= last; start += 1) {
      if (matches(start)) return start;
    }
  }
  return undefined;
}

/** Models write plain quotes, dashes and spaces for the typographic ones of a file. */
function plainPunctuation(line: string): string {
  return line
    .replace(/[\u2010-\u2015\u2212]/gu, '-')
    .replace(/[\u2018-\u201b]/gu, "'")
    .replace(/[\u201c-\u201f]/gu, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/gu, ' ');
}
