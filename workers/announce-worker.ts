import { LonghaulError } from '../contracts/error.ts';
import { thisProcess } from './process-lock.mjs';
import { stateDirectory } from './state-dir.ts';
import { removeWorkerFile, type WorkerProcess, writeWorkerFile } from './worker-file.ts';

export type WorkerDescription = Pick<
  WorkerProcess,
  'address' | 'taskQueue' | 'version' | 'model' | 'sandbox'
>;

/** What this process says of itself to those who wait for it. */
export interface AnnouncedWorker {
  /** What takes it so long. */
  doing(text: string): void;
  /** It polls. */
  ready(notes: readonly string[]): Promise<void>;
  /** It ends before it was ready. */
  failed(error: unknown): Promise<void>;
  gone(): Promise<void>;
}

/** Puts this process on the list of workers as one that starts. Throws `disk.full` or `disk.no_permission`. */
export async function announceWorker(
  description: WorkerDescription,
  home = stateDirectory(),
): Promise<AnnouncedWorker> {
  const own = { ...description, ...thisProcess(), startedAt: new Date().toISOString() };
  const starting: WorkerProcess = { ...own, ready: false, doing: '', notes: [], problem: null };
  // One after the other: each replaces the file of the one before.
  let written = writeWorkerFile(home, starting);
  const write = (worker: WorkerProcess) => {
    written = written.then(() => writeWorkerFile(home, worker));
    return written;
  };
  await written;
  return {
    // Only for those who watch: a full disk is told by the next that counts.
    doing: (text) => void write({ ...starting, doing: text }).catch(() => {}),
    ready: (notes) => write({ ...starting, ready: true, notes: [...notes] }),
    async failed(error) {
      if (error instanceof LonghaulError) {
        const { code, message } = error;
        await write({ ...starting, problem: { code, message } });
      } else await removeWorkerFile(home, own.pid);
    },
    gone: () => removeWorkerFile(home, own.pid),
  };
}
