/**
 * The server keeps 4 KiB of the failure of an activity that it tries again, and throws away details and causes of one above that. Together
 * these leave half a KiB for the details.
 */
const maxMessageBytes = 1_800;
const maxStackBytes = 700;
const maxCauseBytes = 250;
const maxCauses = 3;

export function shortMessage(message: string): string {
  return cutMiddle(message, maxMessageBytes);
}

/** Where it was thrown, without the message before it. */
export function shortStack(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return cutMiddle(lines.filter((line) => /^\s+at /.test(line)).join('\n'), maxStackBytes);
}

/** The errors behind this one, each by its name and message. */
export function shortCause(error: unknown, left = maxCauses): { readonly cause?: Error } {
  const behind = error instanceof Error ? error.cause : undefined;
  if (behind === undefined || behind === null || left === 0) return {};
  const text = behind instanceof Error ? `${behind.name}: ${behind.message}` : String(behind);
  const cause = new Error(cutMiddle(text, maxCauseBytes), shortCause(behind, left - 1));
  cause.stack = '';
  return { cause };
}

const mark = ' […] ';

/** At most `maxBytes` of UTF-8: beginning and end, since a message says at its end what to do. */
function cutMiddle(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const half = Math.floor((maxBytes - Buffer.byteLength(mark)) / 2);
  // A character that is cut through decodes to replacement characters, which are longer.
  const head = bytes
    .subarray(0, half)
    .toString()
    .replace(/\uFFFD+$/, '');
  const tail = bytes
    .subarray(-half)
    .toString()
    .replace(/^\uFFFD+/, '');
  return `${head}${mark}${tail}`;
}
