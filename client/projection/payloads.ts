import { defaultPayloadConverter, type Payload } from '@temporalio/common';

/** The first payload as a value; undefined when there is none, and for one that cannot be read: whoever may signal chooses its bytes. */
export function firstValue(payloads: { payloads?: Payload[] | null } | null | undefined): unknown {
  const [payload] = payloads?.payloads ?? [];
  try {
    return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
  } catch {
    return undefined;
  }
}
