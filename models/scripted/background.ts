import type { TranscriptItem } from '../../contracts/model-client.ts';
import { type Answer, jsonAnswer, refusal } from './answer.ts';

/** The responses that were asked for in the background, which are made whether or not anybody listens. */
export interface BackgroundResponses {
  /** It is in progress until `delayMs` have passed. */
  begin(response: TranscriptItem, delayMs: number): void;
  /** Answers `GET /v1/responses/<id>` and `POST /v1/responses/<id>/cancel`; undefined for any other request. */
  answer(method: string, path: string): Answer | undefined;
  readonly cancelled: readonly string[];
  /** Forgets everything, as a provider does after some minutes. */
  expire(): void;
}

const route = /^\/v1\/responses\/([^/?]+)(\/cancel)?(?:\?.*)?$/;

export function createBackgroundResponses(nowMs: () => number): BackgroundResponses {
  const held = new Map<string, { readonly response: TranscriptItem; readonly readyAtMs: number }>();
  const cancelled: string[] = [];
  const show = (id: string): Answer => {
    const found = held.get(id);
    if (found === undefined) return refusal(404, `Response with id '${id}' not found.`);
    if (nowMs() >= found.readyAtMs) return jsonAnswer(200, found.response);
    return jsonAnswer(200, { ...found.response, status: 'in_progress', output: [], usage: null });
  };
  const cancel = (id: string): void => {
    const found = held.get(id);
    if (found === undefined || nowMs() >= found.readyAtMs) return;
    cancelled.push(id);
    held.set(id, { response: { ...found.response, status: 'cancelled', output: [] }, readyAtMs: 0 });
  };
  return {
    cancelled,
    begin(response, delayMs) {
      held.set(String(response['id']), { response, readyAtMs: nowMs() + delayMs });
    },
    answer(method, path) {
      const [, text, cancels] = route.exec(path) ?? [];
      if (text === undefined || method !== (cancels === undefined ? 'GET' : 'POST')) return undefined;
      const id = decodeURIComponent(text);
      if (cancels !== undefined) cancel(id);
      return show(id);
    },
    expire: () => held.clear(),
  };
}
