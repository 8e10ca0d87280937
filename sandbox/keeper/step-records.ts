import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readJsonFile, writeFileAtomically } from '../lease-files.ts';
import type { KeeperStepResult } from '../protocol.ts';

export type RecordedResult = Omit<KeeperStepResult, 'adopted'>;

/** What a lease remembers of its steps, on disk: whether one was started, how it ended, what it wrote. */
export interface StepRecords {
  /** Must come before the command may run. Throws when it cannot be written; then nothing is left of it. */
  markStarted(stepId: string): void;
  wasStarted(stepId: string): boolean;
  /** The output must be durable before. Outlives the keeper; not always a power loss, which takes the sandbox and its workspace as well. */
  writeResult(stepId: string, result: RecordedResult): void;
  /** Undefined when there is none, or only a torn one. */
  readResult(stepId: string): RecordedResult | undefined;
  outputFile(stepId: string): string;
  /** What was kept of the output; empty when there is none. */
  readOutput(stepId: string): Buffer;
}

/**
 * Records of a lease in `steps/`. Safe for a reader beside the writer: results appear whole.
 * A step's directory is named by a digest: ids that differ in case only stay apart on any file system.
 */
export function createStepRecords(stepsDirectory: string): StepRecords {
  const directory = (stepId: string): string =>
    path.join(stepsDirectory, createHash('sha256').update(stepId).digest('hex').slice(0, 32));
  const startedFile = (stepId: string): string => path.join(directory(stepId), 'started.json');
  const resultFile = (stepId: string): string => path.join(directory(stepId), 'result.json');
  const outputFile = (stepId: string): string => path.join(directory(stepId), 'output');
  return {
    markStarted(stepId) {
      mkdirSync(directory(stepId), { recursive: true, mode: 0o700 });
      try {
        // Not synced: after a power loss the sandbox is gone, and no keeper would run the step again anyway.
        writeFileAtomically(startedFile(stepId), JSON.stringify({ stepId }), false);
      } catch (error) {
        rmSync(directory(stepId), { recursive: true, force: true });
        throw error;
      }
    },
    wasStarted: (stepId) => existsSync(startedFile(stepId)),
    writeResult(stepId, result) {
      writeFileAtomically(resultFile(stepId), JSON.stringify(result), false);
    },
    readResult(stepId) {
      const value = readJsonFile(resultFile(stepId));
      return isResult(value) ? value : undefined;
    },
    outputFile,
    readOutput(stepId) {
      return existsSync(outputFile(stepId)) ? readFileSync(outputFile(stepId)) : Buffer.alloc(0);
    },
  };
}

function isResult(value: unknown): value is RecordedResult {
  return typeof value === 'object' && value !== null && 'status' in value && 'durationMs' in value;
}
