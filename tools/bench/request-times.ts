import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** When the model server was asked and had answered, in milliseconds of `performance.now()`. */
interface Exchange {
  readonly arrivedMs: number;
  answeredMs: number;
}

export interface RequestTimes {
  readonly firstArrivedMs: number;
  /**
   * From the end of each answer to the next request: what the loop took for itself and for its command. The model's own time is not in it.
   * The last two turns, which end the task, are left out.
   */
  readonly turnsMs: readonly number[];
}

/** Sees the requests to the model servers of this process from outside, the same way for whoever sends them. */
export function watchRequests(): { stop(): RequestTimes } {
  const exchanges: Exchange[] = [];
  const open = new Map<IncomingMessage, Exchange>();
  const onStart = (message: unknown): void => {
    const { request } = message as { readonly request: IncomingMessage };
    if (request.method !== 'POST') return;
    const exchange = { arrivedMs: performance.now(), answeredMs: Number.NaN };
    exchanges.push(exchange);
    open.set(request, exchange);
  };
  const onFinish = (message: unknown): void => {
    const { request } = message as { readonly request: IncomingMessage };
    const exchange = open.get(request);
    if (exchange) exchange.answeredMs = performance.now();
    open.delete(request);
  };
  subscribe('http.server.request.start', onStart);
  subscribe('http.server.response.finish', onFinish);
  return {
    stop() {
      unsubscribe('http.server.request.start', onStart);
      unsubscribe('http.server.response.finish', onFinish);
      const gaps = exchanges.slice(1).map(({ arrivedMs }, i) => arrivedMs - (exchanges[i]?.answeredMs ?? 0));
      return { firstArrivedMs: exchanges[0]?.arrivedMs ?? Number.NaN, turnsMs: gaps.slice(0, -2) };
    },
  };
}
