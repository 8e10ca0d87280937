import type { TranscriptItem } from '../../contracts/model-client.ts';
import { type Answer, errorAnswer, eventStreamHeaders, jsonAnswer } from './answer.ts';
import { responseEvents, serverSentEvent } from './events.ts';
import type { Fault } from './scenario.ts';

/** The faults that answer with a response all the same, spoiled on the way; the others need no good answer. */
export type SpoiledFault = Extract<Fault, { kind: 'half_arguments' | 'invalid_utf8' }>;
export type BrokenFault = Exclude<Fault, SpoiledFault>;

/** What a fault sends instead of `response`, which is the good answer of the turn. */
export function faultAnswer(fault: BrokenFault, response: TranscriptItem): Answer {
  return isStreamFault(fault) ? streamAnswer(fault, response) : httpAnswer(fault);
}

type StreamFault = Extract<BrokenFault, { afterEvents: number } | { kind: 'endless' | 'completed_with' }>;
type HttpFault = Exclude<BrokenFault, StreamFault>;

function isStreamFault(fault: BrokenFault): fault is StreamFault {
  return 'afterEvents' in fault || fault.kind === 'endless' || fault.kind === 'completed_with';
}

function httpAnswer(fault: HttpFault): Answer {
  switch (fault.kind) {
    case 'rate_limited': {
      const error = { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded' };
      return errorAnswer(429, error, retryHeaders(fault));
    }
    case 'server_error': {
      const error = { message: 'The server had an error.', type: 'server_error', code: null };
      return errorAnswer(fault.status, error, retryHeaders(fault));
    }
    case 'unauthorized':
      return errorAnswer(401, {
        message: 'Incorrect API key provided.',
        type: 'invalid_request_error',
        code: 'invalid_api_key',
      });
    case 'quota':
      return errorAnswer(429, {
        message: 'You exceeded your current quota.',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      });
    case 'usage_limit':
      return jsonAnswer(429, {
        error: {
          type: 'usage_limit_reached',
          message: 'The usage limit has been reached.',
          resets_at: fault.resetsAt,
          resets_in_seconds: fault.resetsInSeconds,
        },
      });
    case 'context_exceeded':
      return fault.form === 'http'
        ? contextExceeded()
        : failedStream('context_length_exceeded', contextMessage);
    case 'http':
      return { status: fault.status, headers: fault.headers, body: [fault.body], ending: 'end' };
    case 'garbage':
      return {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: ['<html><body>Welcome to the router</body></html>'],
        ending: 'end',
      };
    case 'hang':
      return { status: null, headers: {}, body: [], ending: 'stall' };
    case 'reset_before':
      return { status: null, headers: {}, body: [], ending: 'reset' };
  }
}

const contextMessage = 'Your input exceeds the context window of this model.';

/** The API's word for a request that is too large. */
export function contextExceeded(): Answer {
  return errorAnswer(400, {
    message: contextMessage,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
  });
}

function failedStream(code: string, message: string): Answer {
  const event = { type: 'response.failed', response: { status: 'failed', error: { code, message } } };
  return { status: 200, headers: eventStreamHeaders, body: [serverSentEvent(event)], ending: 'end' };
}

function streamAnswer(fault: StreamFault, response: TranscriptItem): Answer {
  const events = responseEvents(response).map(serverSentEvent);
  const stream = (body: readonly string[], ending: Answer['ending'] = 'end'): Answer => ({
    status: 200,
    headers: eventStreamHeaders,
    body,
    ending,
  });
  if (fault.kind === 'endless') {
    const event = { type: 'response.output_text.delta', delta: 'on and on '.repeat(1000) };
    return stream([...events.slice(0, 2), serverSentEvent(event)], 'endless');
  }
  if (fault.kind === 'completed_with') {
    return stream([serverSentEvent({ type: 'response.completed', response: fault.response })]);
  }
  // Never as far as `response.completed`.
  const begun = events.slice(0, Math.min(fault.afterEvents, events.length - 1));
  switch (fault.kind) {
    case 'reset':
    case 'stall':
    case 'end':
      return stream(begun, fault.kind);
    case 'bad_sse':
      return stream([...begun, 'data: {"type": "response.output_te\n\n', ...events.slice(begun.length)]);
    case 'failed':
      return stream([...begun, serverSentEvent(endEvent(fault, response))]);
    case 'error_event':
      return stream([
        ...begun,
        serverSentEvent({ type: 'error', code: fault.code, message: fault.message, param: null }),
      ]);
    case 'incomplete':
      return stream([...begun, serverSentEvent(endEvent(fault, response))]);
  }
}

const endEvent = (fault: Extract<Fault, { kind: 'failed' | 'incomplete' }>, response: TranscriptItem) => ({
  type: `response.${fault.kind}`,
  response: endedBy(fault, response),
});

/** How the response itself ends: a stream may break without it. */
export function endedBy(
  fault: Extract<Fault, { afterEvents: number }>,
  response: TranscriptItem,
): TranscriptItem {
  if (fault.kind === 'failed')
    return { ...response, status: 'failed', error: { code: fault.code, message: fault.message } };
  if (fault.kind !== 'incomplete') return response;
  return { ...response, status: 'incomplete', incomplete_details: { reason: fault.reason } };
}

function retryHeaders(fault: {
  readonly retryAfter?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}): Record<string, string> {
  return {
    ...(fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }),
    ...(fault.retryAfterMs === undefined ? {} : { 'retry-after-ms': String(fault.retryAfterMs) }),
  };
}
