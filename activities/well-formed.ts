/**
 * A JSON value with a replacement character (U+FFFD) for each half of a character. A model or a signal may send one, as `\ud83d` in its
 * JSON; neither UTF-8 nor the canonical form of RFC 8785 can hold it.
 */
export function wellFormed<T>(value: T): T {
  return mended(value) as T;
}

function mended(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), mended(inner)]));
}
