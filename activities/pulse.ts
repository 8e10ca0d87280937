import { AsyncLocalStorage } from 'node:async_hooks';
import { CompleteAsyncError, Context } from '@temporalio/activity';
import type { StepPlace } from '../contracts/sandbox.ts';

/** What runs right now, as a heartbeat's details carry it to whoever watches. */
export interface Pulse {
  /** Aborted when the task is cancelled, and when this worker shuts down or lost the activity. */
  readonly signal: AbortSignal;
  /** Whether a person wants the work itself to end, rather than this worker's part in it. */
  cancelRequested(): boolean;
  say(what: string, tail?: string, at?: StepPlace): void;
  /** What the try before this one has kept; undefined when it kept nothing, or died before the server knew. */
  readonly kept: unknown;
  /** Keeps a small JSON value for the next try of this activity, should this one fail or its worker die. */
  keep(value: unknown): void;
}

export interface PulseDetails {
  readonly what: string;
  readonly sinceMs: number;
  readonly tail: string;
  /** The step that runs: its pod, and how much of its output is known. */
  readonly at?: StepPlace;
  /** For the next try; no fact for people. */
  readonly kept?: unknown;
}

const intervalMs = 1000;
const maxTailCharacters = 2000;

/** Says something else for a while; the result goes back to what was said before. */
type SayMeanwhile = (what: string) => () => void;
const speaking = new AsyncLocalStorage<SayMeanwhile>();

/** For what an activity calls and knows nothing of its pulse. The result ends it, and may be called twice; outside of an activity both do nothing. */
export function sayMeanwhile(what: string): () => void {
  return speaking.getStore()?.(what) ?? (() => {});
}

/** Runs an activity's work with a heartbeat every second, so that a dead worker is seen within seconds and a cancellation arrives. */
export async function withPulse<T>(what: string, run: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = Context.current();
  const kept = keptBefore(context.info.heartbeatDetails);
  let details: PulseDetails = {
    what,
    sinceMs: Date.now(),
    tail: '',
    ...(kept === undefined ? {} : { kept }),
  };
  const beat = () => {
    try {
      context.heartbeat(details);
    } catch (error) {
      // A heartbeat after the activity's end may throw; the cancellation itself arrives by the signal.
      if (error instanceof CompleteAsyncError) throw error;
    }
  };
  const meanwhile: SayMeanwhile = (other) => {
    const before = details;
    details = { ...details, what: other, sinceMs: Date.now(), tail: '' };
    beat();
    return () => {
      if (details.what !== other) return;
      details = { ...details, what: before.what, sinceMs: Date.now(), tail: before.tail };
      beat();
    };
  };
  const timer = setInterval(beat, intervalMs);
  beat();
  try {
    const pulse: Pulse = {
      signal: context.cancellationSignal,
      cancelRequested: () => context.cancellationDetails?.cancelRequested === true,
      say(next, tail = '', at) {
        const changed = next !== details.what;
        const { at: _, ...rest } = details;
        details = {
          ...rest,
          what: next,
          sinceMs: changed ? Date.now() : details.sinceMs,
          tail: tail.slice(-maxTailCharacters),
          ...(at === undefined ? {} : { at }),
        };
        if (changed) beat();
      },
      kept,
      keep(value) {
        details = { ...details, kept: value };
        beat();
      },
    };
    return await speaking.run(meanwhile, () => run(pulse));
  } finally {
    clearInterval(timer);
  }
}

function keptBefore(details: unknown): unknown {
  return typeof details === 'object' && details !== null && 'kept' in details ? details.kept : undefined;
}

/** Which try of this activity it is, from 1. */
export function attempt(): number {
  return Context.current().info.attempt;
}
