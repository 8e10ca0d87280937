/** At most `max` UTF-16 units, which is what the schemas count, with an ellipsis where it was cut; never half of a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
