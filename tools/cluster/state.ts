import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { ClusterProblem } from './problem.ts';

/** One process for good: a pid alone is given again to another. See `processStartTime`. */
const ProcessSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

const PartSchema = ProcessSchema.extend({ name: z.string(), startedAtMs: z.number() });

const StateSchema = z.object({
  /** Tells clusters on one machine apart: their links, addresses and control groups. */
  slot: z.int().min(0),
  programs: z.string(),
  startedAtMs: z.number(),
  /** When the node was Ready; without it the cluster never came up whole. */
  readyAtMs: z.number().optional(),
  /** `holder` waits outside for `init`, the first process of the cluster's process namespace, which all others end with. */
  holder: ProcessSchema.optional(),
  init: ProcessSchema.optional(),
  parts: z.array(PartSchema),
});

export type ClusterState = z.infer<typeof StateSchema>;
export type Part = z.infer<typeof PartSchema>;

/** What was recorded last; undefined when there is nothing. Throws a `ClusterProblem` when another version wrote it. */
export function readState(file: string): ClusterState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = StateSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new ClusterProblem(
    `${file} is not what this version writes. End its cluster with the version that started it, or restart the machine; then remove the file.`,
    { cause: parsed.error },
  );
}

/** Replaces the record as a whole: `down` has to find what an interrupted `up` has started. */
export function writeState(file: string, state: ClusterState): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}
