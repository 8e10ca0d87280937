import { hostname } from 'node:os';
import { processStartTime } from '../process-lock.mjs';
import { type Environment, stateDirectory } from '../state-dir.ts';
import { listWorkers } from '../worker-processes.ts';
import type { Witness } from './served-builds.ts';

/** Looks at this machine's processes and at this home's list of workers. */
export async function localWitness(
  identity: string,
  served: { readonly taskQueue: string; readonly address: string },
  env: Environment = process.env,
): Promise<Witness> {
  const workers = await listWorkers(stateDirectory(env));
  const others = workers.filter(
    ({ pid, taskQueue, address }) =>
      pid !== process.pid && taskQueue === served.taskQueue && address === served.address,
  );
  return {
    nowMs: Date.now(),
    identity,
    host: hostname(),
    localBuilds: others.filter(({ ready }) => ready).map(({ version }) => version),
    isRunning: (pid) => processStartTime(pid) !== undefined,
  };
}
