import { LonghaulError } from '../contracts/error.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import type { ErrorFacts } from './error-facts.ts';
import { retryAfterMs } from './retry-after.ts';

export type ModelErrorCode = Extract<ErrorCode, `model.${string}`>;

/** What to say besides the fact itself. */
export interface ErrorScene {
  /** The server as people know it, such as `api.openai.com`. */
  readonly host: string;
  readonly nowMs: number;
  /** Texts that never appear in an error, such as the API key. */
  readonly secrets: readonly string[];
}

/** Names that mean one thing wherever they come: as `code` or `type`, by HTTP or inside a stream. They beat header and status. */
const byName: Readonly<Record<string, ModelErrorCode>> = {
  context_length_exceeded: 'model.context_exceeded',
  exceed_context_size_error: 'model.context_exceeded',
  insufficient_quota: 'model.quota_exhausted',
  billing_hard_limit_reached: 'model.quota_exhausted',
  billing_not_active: 'model.quota_exhausted',
  usage_not_included: 'model.quota_exhausted',
  usage_limit_reached: 'model.rate_limited',
  rate_limit_exceeded: 'model.rate_limited',
  slow_down: 'model.rate_limited',
  invalid_api_key: 'model.unauthorized',
  authentication_error: 'model.unauthorized',
  permission_error: 'model.unauthorized',
  server_is_overloaded: 'model.unavailable',
  overloaded_error: 'model.unavailable',
};

/** Names that count only inside a stream, where no status says more. What is not listed is taken as the server's own trouble. */
const byEventName: Readonly<Record<string, ModelErrorCode>> = {
  invalid_prompt: 'model.bad_request',
  invalid_request_error: 'model.bad_request',
};

const byStatus: Readonly<Record<number, ModelErrorCode>> = {
  401: 'model.unauthorized',
  402: 'model.quota_exhausted',
  403: 'model.unauthorized',
  408: 'model.unavailable',
  409: 'model.unavailable',
  413: 'model.context_exceeded',
  425: 'model.unavailable',
  429: 'model.rate_limited',
  501: 'model.bad_request',
};

const advice: Readonly<Partial<Record<ModelErrorCode, string>>> = {
  'model.rate_limited': 'The task waits and asks again.',
  'model.unavailable': 'The task waits and asks again.',
  'model.stream_broken': 'Nothing of the answer was used; the task asks again.',
  'model.quota_exhausted': 'Raise the quota or pay the bill at the provider, then let the task go on.',
  'model.unauthorized': 'Check the API key and what it may use.',
  'model.bad_request': 'Check the model name, the base URL and the model profile.',
};

/**
 * The one place where a model server's fault gets its code. Precedence: the error's name, `x-should-retry`, the status, the connection.
 * The message holds the server's words, cut, without control characters and without `scene.secrets`; `more` goes into its details.
 */
export function classifyModelError(
  facts: ErrorFacts,
  scene: ErrorScene,
  more: LonghaulError['details'] = {},
): LonghaulError {
  const code = codeOf(facts);
  const waitMs = retryAfterMs({ ...facts, preferReset: nameOf(facts, 'usage_limit_reached') }, scene.nowMs);
  return modelError(code, describe(facts), scene, {
    details: { status: facts.status, providerCode: facts.code ?? facts.type ?? facts.systemCode, ...more },
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

/** An error of this dependency, with its advice; `found` is cleaned before it is shown. */
export function modelError(
  code: ModelErrorCode,
  found: string,
  scene: ErrorScene,
  options: ConstructorParameters<typeof LonghaulError>[2] = {},
): LonghaulError {
  const text = `The model server ${scene.host} ${clean(found, scene.secrets)} ${advice[code] ?? ''}`;
  return new LonghaulError(code, text.trim(), options);
}

function codeOf(facts: ErrorFacts): ModelErrorCode {
  const named = lookUp(byName, facts);
  if (named !== undefined) return named;
  const shouldRetry = facts.headers?.get('x-should-retry');
  const ofStatus = facts.status === null ? undefined : codeOfStatus(facts.status);
  if (shouldRetry === 'true') return ofStatus === 'model.rate_limited' ? ofStatus : 'model.unavailable';
  if (shouldRetry === 'false') return finalCode(ofStatus);
  return ofStatus ?? lookUp(byEventName, facts) ?? 'model.unavailable';
}

function codeOfStatus(status: number): ModelErrorCode {
  return byStatus[status] ?? (status >= 500 ? 'model.unavailable' : 'model.bad_request');
}

/** A server that forbids the retry of a fault which is retryable by its status refuses this very request. */
function finalCode(ofStatus: ModelErrorCode | undefined): ModelErrorCode {
  if (ofStatus === 'model.rate_limited') return 'model.quota_exhausted';
  return ofStatus === undefined || ofStatus === 'model.unavailable' ? 'model.bad_request' : ofStatus;
}

function lookUp(
  table: Readonly<Record<string, ModelErrorCode>>,
  facts: ErrorFacts,
): ModelErrorCode | undefined {
  for (const name of [facts.code, facts.type]) {
    if (name !== null && Object.hasOwn(table, name)) return table[name];
  }
  return undefined;
}

function nameOf(facts: ErrorFacts, name: string): boolean {
  return facts.code === name || facts.type === name;
}

function describe(facts: ErrorFacts): string {
  const name = facts.code ?? facts.type ?? facts.systemCode;
  const said = facts.message === '' ? 'without a message' : `: ${facts.message}`;
  const named = name === null ? '' : ` (${name})`;
  if (facts.status !== null) return `answered HTTP ${facts.status}${named}${said}.`;
  if (facts.timedOut) return `did not begin to answer in time${named}.`;
  if (facts.systemCode !== null) return `could not be reached${named}${said}.`;
  return `failed${named}${said}.`;
}

const maxShownCharacters = 600;

function clean(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) {
    if (secret.length >= 4) shown = shown.replaceAll(secret, '[secret]');
  }
  shown = shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return shown.length > maxShownCharacters ? `${shown.slice(0, maxShownCharacters)}…` : shown;
}
