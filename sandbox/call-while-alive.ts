import { type CallOptions, type CallOutcome, callKeeper } from './keeper-client.ts';
import type { KeeperCall } from './protocol.ts';

/** A keeper that has answered nothing for so long counts as dead; one that is busy, or swapped out, answers late and does not. */
export const defaultSilenceLimitMs = 2 * 60_000;
const pingsInLimit = 12;

export type Ping = (signal: AbortSignal) => Promise<CallOutcome>;

/** As `callKeeper`, for calls that may take hours: gives `silent` once the keeper has answered no ping beside it for `silenceLimitMs`. */
export async function callWhileAlive(
  leaseDirectory: string,
  call: KeeperCall,
  { silenceLimitMs, ...options }: CallOptions & { readonly silenceLimitMs: number },
): Promise<CallOutcome> {
  const ping: Ping = (signal) => callKeeper(leaseDirectory, { call: 'ping' }, { signal });
  return await whileAnswering(
    ping,
    silenceLimitMs,
    (signal) => callKeeper(leaseDirectory, call, { ...options, signal }),
    options.signal,
  );
}

/** What `make` gives, or `silent` once no ping beside it was answered for `limitMs`. */
export async function whileAnswering(
  ping: Ping,
  limitMs: number,
  make: (signal: AbortSignal) => Promise<CallOutcome>,
  given?: AbortSignal,
): Promise<CallOutcome> {
  const silence = new AbortController();
  const signals = [silence.signal, ...(given === undefined ? [] : [given])];
  const stop = watchSilence(ping, limitMs, () => silence.abort());
  try {
    return await make(AbortSignal.any(signals));
  } catch (error) {
    if (silence.signal.aborted && error === silence.signal.reason) return { kind: 'silent' };
    throw error;
  } finally {
    stop();
  }
}

/** Counts ticks of a timer, not time: a worker that was stopped itself for an hour has listened for one tick, and not for an hour. */
function watchSilence(ping: Ping, limitMs: number, onSilent: () => void): () => void {
  const stopped = new AbortController();
  let unheard = 0;
  let waiting = false;
  const listen = async (): Promise<void> => {
    waiting = true;
    try {
      const { kind } = await ping(stopped.signal);
      if (kind === 'done') unheard = 0;
    } catch {
      // A ping that could not be made, for want of descriptors say, tells nothing of the keeper.
      unheard = 0;
    } finally {
      waiting = false;
    }
  };
  const timer = setInterval(() => {
    unheard += 1;
    if (unheard > pingsInLimit) onSilent();
    else if (!waiting) void listen();
  }, limitMs / pingsInLimit);
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}
