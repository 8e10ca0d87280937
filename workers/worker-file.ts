import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorTable } from '../contracts/words/errors.ts';
import { homeMark, marksHome } from './home-mark.ts';
import { ModelMarkSchema } from './model-mark.ts';
import { SandboxMarkSchema } from './sandbox-mark.ts';
import { diskError, ensurePrivateDirectory } from './state-dir.ts';

const ErrorCodeSchema = z.string().transform((code) => code as keyof typeof errorTable);

const WorkerProcessSchema = z
  .object({
    pid: z.int().positive(),
    /** With the pid it names one process for good; see `processStartTime`. */
    startTime: z.string(),
    /** False from the start of the process until it polls. */
    ready: z.boolean(),
    /** The Temporal server that it works for. */
    address: z.string(),
    taskQueue: z.string(),
    /** The build that it runs, see `workerBuild`. */
    version: z.string(),
    startedAt: z.iso.datetime(),
    /** What it asks the model with; null for one of a version that does not tell. */
    model: ModelMarkSchema.nullable().default(null),
    /** Where it runs commands; null for one of a version that does not tell, which has the local sandbox alone. */
    sandbox: SandboxMarkSchema.nullable().default(null),
    /** What a worker that is not ready does. */
    doing: z.string().default(''),
    /** What it has done that people should know, and what they have to do. */
    notes: z.array(z.string()).readonly().default([]),
    /** Why it ended before it was ready. */
    problem: z
      .object({
        code: ErrorCodeSchema.refine((code) => Object.hasOwn(errorTable, code)),
        message: z.string(),
      })
      .readonly()
      .nullable()
      .default(null),
  })
  .readonly();

export type WorkerProcess = z.infer<typeof WorkerProcessSchema>;

const directory = (home: string) => join(home, 'workers');
const fileOf = (home: string, pid: number) => join(directory(home), `${pid}.json`);

/** Throws `disk.full` or `disk.no_permission`. */
export async function writeWorkerFile(home: string, worker: WorkerProcess): Promise<void> {
  const file = fileOf(home, worker.pid);
  try {
    ensurePrivateDirectory(directory(home));
    await writeFile(`${file}.tmp`, `${JSON.stringify({ ...worker, home: homeMark(home) })}\n`, {
      mode: 0o600,
    });
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw diskError(error, `write ${file}`);
  }
}

export async function readWorkerFile(home: string, pid: number): Promise<WorkerProcess | undefined> {
  try {
    const recorded: unknown = JSON.parse(await readFile(fileOf(home, pid), 'utf8'));
    return marksHome(home, recorded) ? WorkerProcessSchema.parse(recorded) : undefined;
  } catch {
    return undefined;
  }
}

export async function removeWorkerFile(home: string, pid: number): Promise<void> {
  await rm(fileOf(home, pid), { force: true });
}

/** The process ids that have a file; whether they run is not looked at. */
export async function workerFilePids(home: string): Promise<readonly number[]> {
  const names = await readdir(directory(home)).catch(() => []);
  return names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
}
