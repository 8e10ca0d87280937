import { defaultPayloadConverter, type Payload } from '@temporalio/common';

/** The first payload as a value; undefined when there is none. */
export function firstValue(payloads: { payloads?: Payload[] | null } | null | undefined): unknown {
  const [payload] = payloads?.payloads ?? [];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}
