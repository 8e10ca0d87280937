import { type ErrorCode, errorTable } from './words/errors.ts';

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Small facts for programs, never secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  /** The other side's own word on when to try again, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/** The one error type. The message says what failed, on what, what was found, and what to do; programs read `code`. */
export class LonghaulError extends Error {
  readonly code: ErrorCode;
  readonly details: NonNullable<ErrorOptions['details']>;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LonghaulError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }
}

/** The code of an error of ours; undefined for anything else. */
export function errorCode(error: unknown): ErrorCode | undefined {
  return error instanceof LonghaulError ? error.code : undefined;
}
