import { z } from 'zod';
import { type ActionBody, ActionBodySchema } from '../contracts/action.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import { type Digest, DigestSchema } from '../contracts/ids.ts';
import { type IterationRecord, IterationRecordSchema } from '../contracts/record.ts';
import { type TaskSpec, TaskSpecSchema } from '../contracts/task.ts';
import { getJson } from './artifact-json.ts';

export const loadSpec = (store: ArtifactStore, digest: Digest): Promise<TaskSpec> =>
  getJson(store, digest, TaskSpecSchema);

export const loadAction = (store: ArtifactStore, digest: Digest): Promise<ActionBody> =>
  getJson(store, digest, ActionBodySchema);

export const loadRecord = (store: ArtifactStore, digest: Digest): Promise<IterationRecord> =>
  getJson(store, digest, IterationRecordSchema);

const ContextSchema = z.strictObject({
  /** What the model reads. */
  text: z.string(),
  setup: z
    .strictObject({ commands: z.array(z.string()), hosts: z.array(z.string()), digest: DigestSchema })
    .nullable(),
});
/** What perceive found, as the artifact that `contextDigest` names. */
export type Context = z.infer<typeof ContextSchema>;

export const loadContext = (store: ArtifactStore, digest: Digest): Promise<Context> =>
  getJson(store, digest, ContextSchema);
