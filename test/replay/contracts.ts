import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ActionBodySchema } from '../../contracts/action.ts';
import { AnswerSchema, ApprovalCardSchema, PendingApprovalSchema } from '../../contracts/approval.ts';
import { ChangeSchema } from '../../contracts/change.ts';
import { InterventionSchema } from '../../contracts/intervention.ts';
import { IterationRecordSchema } from '../../contracts/record.ts';
import { TaskSpecSchema } from '../../contracts/task.ts';
import { memoKey, messageName, searchAttribute, workflowType } from '../../contracts/words/messages.ts';
import type { JsonSchema } from './widening.ts';

export const contractsDirectory = fileURLToPath(new URL('contracts', import.meta.url));

/** Everything that one version writes and another may read, as far as it has a schema. */
export const wireSchemas = {
  taskSpec: TaskSpecSchema,
  answer: AnswerSchema,
  change: ChangeSchema,
  actionBody: ActionBodySchema,
  approvalCard: ApprovalCardSchema,
  pendingApproval: PendingApprovalSchema,
  intervention: InterventionSchema,
  iterationRecord: IterationRecordSchema,
} as const;

/** Names by what they name. */
export type WireNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Contracts {
  readonly names: WireNames;
  /** What is taken, before defaults are filled in. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** Today's. */
export function contractsNow(): Contracts {
  const names = { workflow: { codingTask: workflowType }, messageName, searchAttribute, memoKey };
  const schemas = Object.entries(wireSchemas).map(([name, schema]) => [
    name,
    z.toJSONSchema(schema, { io: 'input' }),
  ]);
  return { names, schemas: Object.fromEntries(schemas) };
}

/** Those of a version as they were kept, with records that it wrote. Throws where one is missing. */
export function keptContracts(version: string): Contracts & { readonly records: readonly unknown[] } {
  const read = (name: string) =>
    JSON.parse(readFileSync(join(contractsDirectory, version, `${name}.json`), 'utf8'));
  return { names: read('names'), schemas: read('schemas'), records: read('records') };
}

/** The versions that have kept contracts. */
export function keptVersions(): readonly string[] {
  return existsSync(contractsDirectory) ? readdirSync(contractsDirectory).sort() : [];
}
