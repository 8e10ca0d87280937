import type { ErrorScene } from './classify-error.ts';
import { modelError } from './classify-error.ts';

export interface BodyLimits {
  /** The longest silence between two pieces of a body. */
  readonly idleTimeoutMs: number;
  /** Bytes after decompression. */
  readonly maxBytes: number;
}

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` whose response bodies end with `model.stream_broken` after a silence, and with `model.bad_response` once they are too large:
 * a server may stall or write without end, also in the body of an error.
 */
export function createLimitedFetch(limits: BodyLimits, scene: () => ErrorScene): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    return new Response(limited(response.body, limits, scene), {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  };
}

function limited(
  body: ReadableStream<Uint8Array>,
  limits: BodyLimits,
  scene: () => ErrorScene,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await beforeIdle(reader.read(), limits.idleTimeoutMs, scene);
        if (done) return controller.close();
        bytes += value.byteLength;
        if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes, scene());
        controller.enqueue(value);
      } catch (error) {
        reader.cancel().catch(() => undefined);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function tooLarge(maxBytes: number, scene: ErrorScene): Error {
  return modelError(
    'model.bad_response',
    `answered with more than ${maxBytes} bytes; nothing of it was used.`,
    scene,
  );
}

async function beforeIdle<T>(read: Promise<T>, idleTimeoutMs: number, scene: () => ErrorScene): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(modelError('model.stream_broken', `sent nothing for ${idleTimeoutMs} ms.`, scene())),
      idleTimeoutMs,
    );
  });
  try {
    return await Promise.race([read, idle]);
  } finally {
    clearTimeout(timer);
  }
}
