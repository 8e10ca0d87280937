import { withProcessLock } from '../process-lock.mjs';
import { stateDirectory } from '../state-dir.ts';
import { stopProcess } from '../stop-process.ts';
import { readServerState, serverPaths, writeServerState } from './state-file.ts';

const graceMs = 15_000;

/** Stops the embedded server and waits for its end; nothing that it acknowledged is lost. Gives false when none ran. */
export async function stopEmbeddedServer(home = stateDirectory()): Promise<boolean> {
  if ((await readServerState(home)) === undefined) return false;
  return await withProcessLock(serverPaths(home).lock, {}, async () => {
    const state = await readServerState(home);
    if (state?.status !== 'running') return false;
    const ran = await stopProcess(state, graceMs);
    // The ports stay on record: tasks and bookmarks find the server at the same address after a restart.
    await writeServerState(home, { status: 'stopped', port: state.port, uiPort: state.uiPort });
    return ran;
  });
}
