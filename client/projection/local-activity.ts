import type { Payload } from '@temporalio/common';
import { firstValue } from './payloads.ts';

interface MarkerAttributes {
  readonly markerName?: string | null;
  readonly details?: { [name: string]: { payloads?: Payload[] | null } } | null;
  readonly failure?: unknown;
}

/** What a local activity's marker says: its type and result; undefined for other markers and failed ones. The marker's form is the SDK core's own (`core_local_activity`). */
export function localActivityOf(
  marker: MarkerAttributes,
): { readonly type: string; readonly result: unknown } | undefined {
  if (marker.markerName !== 'core_local_activity' || marker.failure) return undefined;
  const data = firstValue(marker.details?.['data']);
  if (typeof data !== 'object' || data === null || !('activity_type' in data)) return undefined;
  return { type: String(data.activity_type), result: firstValue(marker.details?.['result']) };
}
