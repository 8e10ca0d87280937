import type { ErrorCode } from '../contracts/words/errors.ts';

/** Why a message is not taken. */
export interface MessageProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A value of any kind as a few words; unlike `String`, it never throws. */
export function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 100);
}
