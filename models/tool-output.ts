import type { TranscriptItem } from '../contracts/model-client.ts';
import type { ParsedCall } from './parse-call.ts';

/** What the model reads of one command's output, in tokens of four bytes. The whole is kept as an artifact. */
export const defaultMaxOutputTokens = 10_000;
const bytesPerToken = 4;

export interface CommandOutcome {
  /** What became of it, in words: `Process exited with code 1`, `Process timed out`. */
  readonly headline: string;
  readonly durationMs: number;
  readonly output: Uint8Array;
}

/** The text that answers a command's call. */
export function commandOutputText(
  outcome: CommandOutcome,
  maxTokens: number = defaultMaxOutputTokens,
): string {
  const seconds = (outcome.durationMs / 1000).toFixed(1);
  const head = `${outcome.headline}\nWall time: ${seconds} seconds\nOutput:\n`;
  return head + cutMiddle(outcome.output, maxTokens);
}

/** The item that answers a call; each call needs exactly one. */
export function outputItem(call: Pick<ParsedCall, 'callId' | 'itemType'>, text: string): TranscriptItem {
  return {
    type: call.itemType === 'function_call' ? 'function_call_output' : 'custom_tool_call_output',
    call_id: call.callId,
    output: text,
  };
}

/** Bytes as text, cut in the middle above `maxTokens`, with a marker. Never splits a character; bytes that are no UTF-8 become U+FFFD. */
export function cutMiddle(output: Uint8Array | string, maxTokens: number = defaultMaxOutputTokens): string {
  const bytes = typeof output === 'string' ? Buffer.from(output) : output;
  const maxBytes = maxTokens * bytesPerToken;
  if (bytes.byteLength <= maxBytes) return decode(bytes);
  const head = bytes.subarray(0, characterStart(bytes, Math.ceil(maxBytes / 2)));
  const tail = bytes.subarray(characterStart(bytes, bytes.byteLength - Math.floor(maxBytes / 2)));
  const tokens = Math.ceil(bytes.byteLength / bytesPerToken);
  return [
    `Warning: truncated output (original token count: ${tokens})`,
    `Total output lines: ${countLines(bytes)}`,
    '',
    `${decode(head)}…${tokens - maxTokens} tokens truncated…${decode(tail)}`,
  ].join('\n');
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The last start of a character at or before `at`; three steps back are enough in UTF-8, and invalid bytes are not followed further. */
function characterStart(bytes: Uint8Array, at: number): number {
  for (let index = at; index >= Math.max(0, at - 3); index -= 1) {
    if (((bytes[index] ?? 0) & 0b1100_0000) !== 0b1000_0000) return index;
  }
  return at;
}

function countLines(bytes: Uint8Array): number {
  let newlines = 0;
  for (const byte of bytes) if (byte === 0x0a) newlines += 1;
  return bytes.at(-1) === 0x0a ? newlines : newlines + 1;
}
