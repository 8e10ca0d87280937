import type { TranscriptItem } from '../../contracts/model-client.ts';
import { responseEvents, serverSentEvent } from './events.ts';

/** What goes over the wire for one request, and how it ends. */
export interface Answer {
  /** Null: not even a status line is sent. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly (string | Uint8Array)[];
  /** `endless` sends the last piece of the body again and again. */
  readonly ending: 'end' | 'reset' | 'stall' | 'endless';
  /** How long it waits after the first piece of the body. */
  readonly pauseMs?: number;
}

export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
};

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: [JSON.stringify(value)],
    ending: 'end',
  };
}

/** An error in the API's form. */
export function errorAnswer(
  status: number,
  error: { readonly message: string; readonly type: string; readonly code: string | null },
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { error: { param: null, ...error } }, headers);
}

/** What a client should see when it asked for something that the scenario does not know: never a reason to try again. */
export function refusal(status: number, message: string): Answer {
  return errorAnswer(
    status,
    { message, type: 'scripted_model_error', code: 'scripted_model_error' },
    { 'x-should-retry': 'false' },
  );
}

/** The good answer. */
export function responseAnswer(response: TranscriptItem, stream: boolean): Answer {
  if (!stream) return jsonAnswer(200, response);
  return {
    status: 200,
    headers: eventStreamHeaders,
    body: responseEvents(response).map(serverSentEvent),
    ending: 'end',
  };
}
