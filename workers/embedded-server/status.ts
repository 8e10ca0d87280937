import { isRunning } from '../process-lock.mjs';
import { stateDirectory } from '../state-dir.ts';
import { isReady } from './namespace.ts';
import { type RunningServer, readServerState } from './state-file.ts';

/** Its process lives: on a machine whose processors are all busy a connection takes seconds. */
const connectTimeoutMs = 5_000;

export type EmbeddedServerStatus =
  | { readonly status: 'stopped' }
  | { readonly status: 'starting' | 'running'; readonly server: RunningServer };

/** What is known of the embedded server now; a state file of a process that is gone counts as stopped. */
export async function embeddedServerStatus(home = stateDirectory()): Promise<EmbeddedServerStatus> {
  const server = await readServerState(home);
  if (server?.status !== 'running' || !isRunning(server)) return { status: 'stopped' };
  return { status: (await isReady(server.address, connectTimeoutMs)) ? 'running' : 'starting', server };
}
