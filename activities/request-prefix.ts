import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { Digest } from '../contracts/ids.ts';
import type { ModelRequest, TranscriptItem } from '../contracts/model-client.ts';
import type { TranscriptBytes } from '../contracts/transcript-bytes.ts';
import { putJson } from './artifact-json.ts';

export interface RequestPrefix {
  readonly toolsDigest: Digest;
  readonly instructionsDigest: Digest;
}

export interface RequestPrefixes {
  /** Stores the tools and the first item of a request, by which the record names what the model was told. */
  store(request: ModelRequest): Promise<RequestPrefix>;
}

/** How many different ones a worker meets: one for each model and each version of the texts. */
const maxKnown = 32;

/** Every request of every task begins alike, so this worker stores each beginning once and knows its digests from then on. */
export function createRequestPrefixes(artifacts: ArtifactStore): RequestPrefixes {
  const known = new Map<string, Promise<RequestPrefix>>();
  return {
    store({ tools, input }) {
      const instructions = firstItemText(input);
      const key = `${JSON.stringify(tools)}\n${instructions}`;
      const stored = known.get(key) ?? storePrefix(artifacts, tools, instructions);
      if (known.size >= maxKnown) known.clear();
      known.set(key, stored);
      // A beginning that could not be stored is tried again by the next request.
      stored.catch(() => known.delete(key));
      return stored;
    },
  };
}

async function storePrefix(
  artifacts: ArtifactStore,
  tools: readonly TranscriptItem[],
  instructions: string,
): Promise<RequestPrefix> {
  const [toolsDigest, instructionsDigest] = await Promise.all([
    putJson(artifacts, tools),
    putJson(artifacts, JSON.parse(instructions)),
  ]);
  return { toolsDigest, instructionsDigest };
}

/** The first item's JSON, found without parsing what comes after it. */
function firstItemText({ json }: TranscriptBytes): string {
  let depth = 0;
  let at = 0;
  do {
    const byte = json[at];
    if (byte === quote) at = endOfString(json, at);
    if (byte === open) depth += 1;
    if (byte === close) depth -= 1;
    at += 1;
  } while (depth > 0 && at < json.byteLength);
  return new TextDecoder().decode(json.subarray(0, at));
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.byteLength && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at;
}

const quote = 0x22;
const backslash = 0x5c;
const open = 0x7b;
const close = 0x7d;
