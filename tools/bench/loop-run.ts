import type { ScriptedModel } from '../../models/scripted/server.ts';

/** What one loop took for its turns. */
export interface LoopRun {
  /** See `RequestTimes.turnsMs`. */
  readonly turnsMs: readonly number[];
  /** From the start of the program, or of the task where the program runs already, to the first request. */
  readonly firstRequestMs: number;
  readonly bytesSent: number;
  /** What else is worth telling, by name. */
  readonly more: Readonly<Record<string, string>>;
}

export function totalBytes({ requests }: Pick<ScriptedModel, 'requests'>): number {
  return requests.reduce((all, { bytes }) => all + bytes, 0);
}
