/** Fills `{{n}}` with the repetition's number and `{{fill:1000}}` with that many characters. */
export function fillTemplate(text: string, n: number): string {
  return text
    .replaceAll('{{n}}', String(n))
    .replace(/\{\{fill:(\d+)\}\}/g, (_, count: string) => 'x'.repeat(Math.min(Number(count), 100_000_000)));
}
