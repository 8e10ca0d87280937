/** What a server said about when to come again, wherever it said it. */
export interface RetryHints {
  readonly headers: Headers | null;
  /** The body's `resets_at`, seconds since 1970. */
  readonly resetsAtSeconds: number | null;
  /** The body's `resets_in_seconds`. */
  readonly resetsInSeconds: number | null;
  /** Read for the one form "try again in 1.5s", which rate limits inside a stream use instead of a header. */
  readonly message: string;
  /** The body's reset time is exact where a usage limit is meant, and beats the headers. */
  readonly preferReset: boolean;
}

/** Longer waits than this are taken as nonsense: a durable timer would hold a task for good. */
const longestWaitMs = 31 * 24 * 3600 * 1000;

const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Milliseconds from now until the server wants to be asked again; undefined when it did not say. */
export function retryAfterMs(hints: RetryHints, nowMs: number): number | undefined {
  const fromHeaders = [milliseconds(hints.headers), seconds(hints.headers, nowMs)];
  const fromBody = [resetAt(hints, nowMs), resetIn(hints)];
  const ordered = hints.preferReset ? [...fromBody, ...fromHeaders] : [...fromHeaders, ...fromBody];
  const waitMs = [...ordered, tryAgainIn(hints.message)].find(
    (value) => value !== undefined && Number.isFinite(value) && value <= longestWaitMs,
  );
  return waitMs === undefined ? undefined : Math.max(0, Math.ceil(waitMs));
}

function milliseconds(headers: Headers | null): number | undefined {
  const value = headers?.get('retry-after-ms') ?? '';
  return /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** RFC 9110, section 10.2.3: seconds or an HTTP date. Some servers send decimals. */
function seconds(headers: Headers | null, nowMs: number): number | undefined {
  const value = (headers?.get('retry-after') ?? '').trim();
  if (value === '') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : date - nowMs;
}

function resetAt(hints: RetryHints, nowMs: number): number | undefined {
  return hints.resetsAtSeconds === null ? undefined : hints.resetsAtSeconds * 1000 - nowMs;
}

function resetIn(hints: RetryHints): number | undefined {
  return hints.resetsInSeconds === null ? undefined : hints.resetsInSeconds * 1000;
}

function tryAgainIn(message: string): number | undefined {
  const found = /try again in ((?:\d+(?:\.\d+)?\s?(?:ms|h|m|s)[a-z]*\s?)+)/i.exec(message)?.[1];
  if (found === undefined) return undefined;
  let totalMs = 0;
  for (const part of found.matchAll(/(\d+(?:\.\d+)?)\s?(ms|h|m|s)/gi)) {
    totalMs += Number(part[1]) * unitMs[unitOf(part[2])];
  }
  return totalMs;
}

function unitOf(text: string | undefined): keyof typeof unitMs {
  const lower = text?.toLowerCase();
  return lower === 'ms' || lower === 'h' || lower === 'm' ? lower : 's';
}
