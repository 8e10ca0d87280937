import { APIConnectionTimeoutError, APIError } from 'openai';
import { z } from 'zod';

/** What is known of one failed call, before anything is concluded from it. */
export interface ErrorFacts {
  /** Null when no HTTP status came, or when the fault lies inside a stream that began with 200. */
  readonly status: number | null;
  readonly headers: Headers | null;
  readonly code: string | null;
  readonly type: string | null;
  readonly message: string;
  readonly resetsAtSeconds: number | null;
  readonly resetsInSeconds: number | null;
  /** The operating system's or the HTTP client's code, such as `ECONNREFUSED`. */
  readonly systemCode: string | null;
  readonly timedOut: boolean;
}

const NameSchema = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);
const NumberSchema = z.coerce.number().nonnegative().nullish().catch(null);
const ErrorBodySchema = z
  .object({
    code: NameSchema,
    type: NameSchema,
    message: z.string().nullish().catch(null),
    resets_at: NumberSchema,
    resets_in_seconds: NumberSchema,
  })
  .catch({ code: null, type: null, message: null, resets_at: null, resets_in_seconds: null });

const nothingKnown: ErrorFacts = {
  status: null,
  headers: null,
  code: null,
  type: null,
  message: '',
  resetsAtSeconds: null,
  resetsInSeconds: null,
  systemCode: null,
  timedOut: false,
};

/** The facts of an error object as the API sends it: the body's `error`, or the one of an event inside a stream. */
export function factsOfErrorBody(body: unknown): ErrorFacts {
  const error = ErrorBodySchema.parse(body);
  return {
    ...nothingKnown,
    code: error.code ?? null,
    type: error.type ?? null,
    message: error.message ?? '',
    resetsAtSeconds: error.resets_at ?? null,
    resetsInSeconds: error.resets_in_seconds ?? null,
  };
}

/** The facts of whatever the `openai` client or the HTTP client threw. */
export function factsOfThrown(error: unknown): ErrorFacts {
  if (error instanceof APIError && error.status !== undefined) {
    const facts = factsOfErrorBody(error.error);
    return {
      ...facts,
      status: error.status,
      headers: error.headers ?? null,
      message: facts.message === '' ? error.message : facts.message,
    };
  }
  return {
    ...nothingKnown,
    message: error instanceof Error ? error.message : String(error),
    systemCode: systemCode(error),
    timedOut: error instanceof APIConnectionTimeoutError,
  };
}

/** `fetch` hides the reason in a chain of causes. */
function systemCode(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 5) return null;
  const code: unknown = 'code' in error ? error.code : undefined;
  return systemCode(error.cause, depth + 1) ?? (typeof code === 'string' ? code : null);
}
