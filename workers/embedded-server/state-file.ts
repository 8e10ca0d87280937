import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { homeMark, marksHome } from '../home-mark.ts';
import { diskError, ensurePrivateDirectory } from '../state-dir.ts';

const PortsSchema = z.object({ port: z.int().positive(), uiPort: z.int().positive() });

/** What the file holds: the running process, or only the ports that the next start takes again. */
const ServerStateSchema = z.discriminatedUnion('status', [
  PortsSchema.extend({
    status: z.literal('running'),
    pid: z.int().positive(),
    /** With the pid it names one process for good; see `processStartTime`. */
    startTime: z.string(),
    address: z.string(),
    uiAddress: z.string(),
    binary: z.string(),
    version: z.string(),
  }).readonly(),
  PortsSchema.extend({ status: z.literal('stopped') }).readonly(),
]);

export type ServerState = z.infer<typeof ServerStateSchema>;
export type RunningServer = Extract<ServerState, { status: 'running' }>;

export function serverPaths(home: string) {
  return {
    state: join(home, 'server.json'),
    lock: join(home, 'server.lock'),
    database: join(home, 'temporal.db'),
    databaseMark: join(home, 'temporal.db.unfinished'),
    log: join(home, 'logs', 'temporal.log'),
  } as const;
}

/** The recorded state; undefined when there is none, it came with a copy of another home or it cannot be understood: the same as never started. */
export async function readServerState(home: string): Promise<ServerState | undefined> {
  let text: string;
  try {
    text = await readFile(serverPaths(home).state, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw diskError(error, `read ${serverPaths(home).state}`);
  }
  try {
    const recorded: unknown = JSON.parse(text);
    return marksHome(home, recorded) ? ServerStateSchema.parse(recorded) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the state as a whole, so that a reader never sees half of it. Throws `disk.full` or `disk.no_permission`. */
export async function writeServerState(home: string, state: ServerState): Promise<void> {
  const { state: file } = serverPaths(home);
  const temporary = `${file}.${process.pid}`;
  try {
    ensurePrivateDirectory(home);
    await writeFile(temporary, `${JSON.stringify({ ...state, home: homeMark(home) }, null, 2)}\n`, {
      mode: 0o600,
    });
    await rename(temporary, file);
  } catch (error) {
    throw diskError(error, `write ${file}`);
  }
}
