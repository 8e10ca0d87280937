import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { classifyModelError } from '../../../models/classify-error.ts';
import { factsOfErrorBody, factsOfThrown } from '../../../models/error-facts.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const nowSeconds = nowMs / 1000;
const scene = { host: 'models.example', nowMs, secrets: ['sk-very-secret'] };

/** An HTTP answer as the official client throws it. */
function http(
  status: number,
  error: object | undefined,
  headers: Readonly<Record<string, string>> = {},
  text = '',
) {
  return factsOfThrown(
    APIError.generate(status, error === undefined ? undefined : { error }, text, new Headers(headers)),
  );
}
const event = (code: string, message = '') => factsOfErrorBody({ code, message });
function connection(code: string) {
  const cause = Object.assign(new Error(`${code} 127.0.0.1:1`), { code });
  return factsOfThrown(
    new APIConnectionError({ message: 'Connection error.', cause: new TypeError('fetch failed', { cause }) }),
  );
}

describe('classifyModelError', () => {
  test.each([
    // title, facts, code, retryAfterMs
    ['400 is the request', http(400, { message: 'bad' }), 'model.bad_request', undefined],
    ['404 is the request', http(404, { message: 'no model' }), 'model.bad_request', undefined],
    ['422 is the request', http(422, { message: 'no' }), 'model.bad_request', undefined],
    ['501 is the request', http(501, undefined), 'model.bad_request', undefined],
    ['401 is the key', http(401, { code: 'invalid_api_key' }), 'model.unauthorized', undefined],
    ['403 is the key', http(403, { message: 'no' }), 'model.unauthorized', undefined],
    ['402 is the bill', http(402, undefined), 'model.quota_exhausted', undefined],
    ['408 comes again', http(408, undefined), 'model.unavailable', undefined],
    ['409 comes again', http(409, undefined), 'model.unavailable', undefined],
    ['413 is too long', http(413, undefined), 'model.context_exceeded', undefined],
    ['425 comes again', http(425, undefined), 'model.unavailable', undefined],
    ['429 is a rate limit', http(429, undefined), 'model.rate_limited', undefined],
    ['500 comes again', http(500, { type: 'server_error' }), 'model.unavailable', undefined],
    ['503 comes again', http(503, undefined), 'model.unavailable', undefined],
    ['529 comes again', http(529, { type: 'overloaded_error' }), 'model.unavailable', undefined],
    [
      'context_length_exceeded by HTTP',
      http(400, { code: 'context_length_exceeded' }),
      'model.context_exceeded',
      undefined,
    ],
    [
      'exceed_context_size_error by HTTP',
      http(400, { code: 400, type: 'exceed_context_size_error' }),
      'model.context_exceeded',
      undefined,
    ],
    [
      'context_length_exceeded in the stream',
      event('context_length_exceeded'),
      'model.context_exceeded',
      undefined,
    ],
    [
      'insufficient_quota beats 429',
      http(429, { code: 'insufficient_quota' }, { 'retry-after': '1' }),
      'model.quota_exhausted',
      1000,
    ],
    [
      'insufficient_quota as a type',
      http(429, { type: 'insufficient_quota' }),
      'model.quota_exhausted',
      undefined,
    ],
    [
      'billing_hard_limit_reached',
      http(400, { code: 'billing_hard_limit_reached' }),
      'model.quota_exhausted',
      undefined,
    ],
    ['retry-after in seconds', http(429, undefined, { 'retry-after': '7' }), 'model.rate_limited', 7000],
    ['retry-after in decimals', http(429, undefined, { 'retry-after': '0.5' }), 'model.rate_limited', 500],
    [
      'retry-after as a date',
      http(503, undefined, { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }),
      'model.unavailable',
      60_000,
    ],
    [
      'retry-after in the past',
      http(503, undefined, { 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }),
      'model.unavailable',
      0,
    ],
    [
      'retry-after that is nonsense',
      http(429, undefined, { 'retry-after': 'soon' }),
      'model.rate_limited',
      undefined,
    ],
    [
      'retry-after of a thousand years',
      http(429, undefined, { 'retry-after': '31536000000' }),
      'model.rate_limited',
      undefined,
    ],
    [
      'retry-after-ms beats retry-after',
      http(429, undefined, { 'retry-after-ms': '1500', 'retry-after': '9' }),
      'model.rate_limited',
      1500,
    ],
    [
      'retry-after beats the words',
      http(429, { message: 'try again in 9s' }, { 'retry-after': '2' }),
      'model.rate_limited',
      2000,
    ],
    [
      'resets_in_seconds',
      http(429, { type: 'usage_limit_reached', resets_in_seconds: 18_000 }),
      'model.rate_limited',
      18_000_000,
    ],
    [
      'resets_at',
      http(429, { type: 'usage_limit_reached', resets_at: nowSeconds + 60 }),
      'model.rate_limited',
      60_000,
    ],
    [
      'resets_at beats resets_in_seconds',
      http(429, { type: 'usage_limit_reached', resets_at: nowSeconds + 60, resets_in_seconds: 5 }),
      'model.rate_limited',
      60_000,
    ],
    [
      'a usage limit beats the header',
      http(429, { type: 'usage_limit_reached', resets_in_seconds: 60 }, { 'retry-after': '1' }),
      'model.rate_limited',
      60_000,
    ],
    [
      'a reset as text',
      http(429, { type: 'usage_limit_reached', resets_in_seconds: '60' }),
      'model.rate_limited',
      60_000,
    ],
    [
      'rate_limit_exceeded with seconds in words',
      event('rate_limit_exceeded', 'Please try again in 1.5s. See …'),
      'model.rate_limited',
      1500,
    ],
    [
      'rate_limit_exceeded with milliseconds in words',
      event('rate_limit_exceeded', 'try again in 120ms.'),
      'model.rate_limited',
      120,
    ],
    [
      'rate_limit_exceeded with minutes in words',
      event('rate_limit_exceeded', 'try again in 6m30s.'),
      'model.rate_limited',
      390_000,
    ],
    [
      'rate_limit_exceeded with long words',
      event('rate_limit_exceeded', 'Try again in 35 seconds.'),
      'model.rate_limited',
      35_000,
    ],
    [
      'x-should-retry: true beats 400',
      http(400, undefined, { 'x-should-retry': 'true' }),
      'model.unavailable',
      undefined,
    ],
    [
      'x-should-retry: true leaves 429',
      http(429, undefined, { 'x-should-retry': 'true' }),
      'model.rate_limited',
      undefined,
    ],
    [
      'x-should-retry: false beats 500',
      http(500, undefined, { 'x-should-retry': 'false' }),
      'model.bad_request',
      undefined,
    ],
    [
      'x-should-retry: false beats 429',
      http(429, undefined, { 'x-should-retry': 'false' }),
      'model.quota_exhausted',
      undefined,
    ],
    [
      'x-should-retry: false leaves 401',
      http(401, undefined, { 'x-should-retry': 'false' }),
      'model.unauthorized',
      undefined,
    ],
    [
      'a name beats x-should-retry',
      http(400, { code: 'context_length_exceeded' }, { 'x-should-retry': 'true' }),
      'model.context_exceeded',
      undefined,
    ],
    ['server_error in the stream', event('server_error'), 'model.unavailable', undefined],
    ['server_is_overloaded in the stream', event('server_is_overloaded'), 'model.unavailable', undefined],
    ['slow_down in the stream', event('slow_down'), 'model.rate_limited', undefined],
    ['invalid_prompt in the stream', event('invalid_prompt'), 'model.bad_request', undefined],
    ['an unknown name in the stream', event('something_new'), 'model.unavailable', undefined],
    ['an error that is nothing', factsOfErrorBody(null), 'model.unavailable', undefined],
    ['a name that every object has', event('constructor'), 'model.unavailable', undefined],
    ['a refused connection', connection('ECONNREFUSED'), 'model.unavailable', undefined],
    ['a reset connection', connection('ECONNRESET'), 'model.unavailable', undefined],
    ['a name that is not found', connection('ENOTFOUND'), 'model.unavailable', undefined],
    ['a certificate', connection('CERT_HAS_EXPIRED'), 'model.unavailable', undefined],
    ['no answer in time', factsOfThrown(new APIConnectionTimeoutError()), 'model.unavailable', undefined],
  ] as const)('%s', (_title, facts, code, retryAfterMs) => {
    const error = classifyModelError(facts, scene);
    expect([error.code, error.retryAfterMs]).toEqual([code, retryAfterMs]);
  });

  test('says the server, the status, its words and what to do', () => {
    const { message, details } = classifyModelError(
      http(400, { message: 'no model x', code: 'model_not_found' }),
      scene,
    );
    expect(message).toBe(
      'The model server models.example answered HTTP 400 (model_not_found): no model x. Check the model name, the base URL and the model profile.',
    );
    expect(details).toEqual({ status: 400, providerCode: 'model_not_found' });
  });

  test('names the reason that lies behind a failed connection', () => {
    expect(classifyModelError(connection('ECONNREFUSED'), scene).details).toEqual({
      status: null,
      providerCode: 'ECONNREFUSED',
    });
  });

  test('shows no secret, no control character and no endless text', () => {
    const words = `key sk-very-secret \u001b[31mred\u202e ${'x'.repeat(5000)}`;
    const { message, cause } = classifyModelError(http(401, { message: words }), scene);
    for (const hidden of ['sk-very-secret', '\u001b', '\u202e']) expect(message).not.toContain(hidden);
    expect(message.length).toBeLessThan(1000);
    expect(cause).toBeUndefined();
  });
});
