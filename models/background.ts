import { setTimeout as delay } from 'node:timers/promises';
import type { OpenAI } from 'openai';
import { errorCode } from '../contracts/error.ts';
import { classifyModelError, type ErrorScene } from './classify-error.ts';
import { type ErrorFacts, factsOfThrown } from './error-facts.ts';
import type { RequestBody } from './request-body.ts';
import { goingOn, readDocument, type StreamEnd } from './response-stream.ts';

export interface Background {
  /** Waits for the end of a response that was begun before; undefined when the server does not know it any more. */
  pickUp(responseId: string, body: RequestBody, signal: AbortSignal): Promise<StreamEnd | undefined>;
  cancel(responseId: string): Promise<void>;
}

const cancelTimeoutMs = 10_000;

/**
 * Responses that go on at the provider when nobody listens. Asked after again and again, as every server of the API can be, rather than
 * streamed anew. Source: https://platform.openai.com/docs/guides/background
 */
export function createBackground(
  client: OpenAI,
  pollIntervalMs: number,
  scene: () => ErrorScene,
): Background {
  const path = (responseId: string) => `/responses/${encodeURIComponent(responseId)}`;
  /** Undefined for a response that the server does not know. */
  const known = <T>(call: Promise<T>): Promise<T | undefined> =>
    call.catch((error: unknown) => {
      const facts: ErrorFacts = factsOfThrown(error);
      if (facts.status === 404) return undefined;
      throw errorCode(error) === undefined ? classifyModelError(facts, scene()) : error;
    });
  return {
    async pickUp(responseId, body, signal) {
      const query = { include: body.include };
      for (;;) {
        const response = await known(client.get(path(responseId), { query, signal }).asResponse());
        if (response === undefined) return undefined;
        const document: unknown = await response.json();
        if (goingOn(document) === undefined) return readDocument(document);
        await delay(pollIntervalMs, undefined, { signal });
      }
    },
    async cancel(responseId) {
      const options = { signal: AbortSignal.timeout(cancelTimeoutMs) };
      await known(client.post(`${path(responseId)}/cancel`, options).asResponse());
    },
  };
}
