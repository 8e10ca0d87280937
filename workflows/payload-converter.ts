import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/**
 * Reads payloads inside the workflow. One that cannot be read is `undefined`, which every message handler refuses: whoever may signal a
 * task chooses the bytes, and an exception here would fail the workflow task again and again, with no way to get rid of the signal.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      return undefined as T;
    }
  },
};
