import type { LocalActivities } from '../contracts/activities.ts';
import { IterationRecordSchema } from '../contracts/record.ts';
import { putJson } from './artifact-json.ts';
import type { Ports } from './ports.ts';

/** Appends to the ledger: the record's digest covers the digest of the one before. Twice gives the same digest. */
export function createRecord({ artifacts }: Pick<Ports, 'artifacts'>): LocalActivities['record'] {
  return async ({ record }) => ({ digest: await putJson(artifacts, IterationRecordSchema.parse(record)) });
}
