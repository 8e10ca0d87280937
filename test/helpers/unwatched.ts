import type { ModelWatch } from '../../contracts/model-client.ts';

/** A call that nobody watches and nothing aborts. */
export function unwatched(more: Partial<ModelWatch> = {}): ModelWatch {
  return {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    pickUp: null,
    onBackground: () => undefined,
    ...more,
  };
}
