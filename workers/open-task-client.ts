import { Client, Connection } from '@temporalio/client';
import { createTaskClient } from '../client/create-task-client.ts';
import type { TaskClient } from '../client/task-client.ts';
import { LonghaulError } from '../contracts/error.ts';
import { type KnownServer, knownServer } from './connection.ts';
import { artifactStore, taskRepository } from './local-ports.ts';
import { type Environment, stateDirectory } from './state-dir.ts';
import { taskQueueOf } from './task-queue.ts';

const connectTimeoutMs = 10_000;

/** Temporal's own client. */
export interface TemporalClient {
  readonly client: Client;
  readonly address: string;
  close(): Promise<void>;
}

/** A client of the server that is configured or that runs; starts nothing. Throws `server.unavailable`. */
export async function openTaskClient(env: Environment = process.env): Promise<TaskClient> {
  const { client, close } = await openTemporalClient(env);
  const home = stateDirectory(env);
  return createTaskClient({
    client,
    artifacts: artifactStore(home),
    repositories: taskRepository(home),
    taskQueue: taskQueueOf(env),
    close,
  });
}

/** The same below the verbs, for what is about workers. Throws `server.unavailable`. */
export async function openTemporalClient(env: Environment = process.env): Promise<TemporalClient> {
  const known = await knownServer(env);
  if (known?.silentPid !== null) throw noServer(known);
  const { server } = known;
  const connection = await connect(server.address, server.connectionOptions);
  return {
    client: new Client({ connection, namespace: server.namespace }),
    address: server.address,
    close: () => connection.close(),
  };
}

/** A process that lives and does not answer is starting or stuck: nobody is told to start a second one. */
function noServer(silent: KnownServer | undefined): LonghaulError {
  return new LonghaulError(
    'server.unavailable',
    silent !== undefined
      ? `the Temporal server at ${silent.server.address} (process ${silent.silentPid}) does not answer: wait if it has just been started, else "longhaul down" and "longhaul up"`
      : 'no Temporal server runs: start one with "longhaul up", or set TEMPORAL_ADDRESS',
  );
}

async function connect(address: string, options: object): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: connectTimeoutMs });
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'server.unavailable',
      `the Temporal server at ${address} does not answer: ${found}. See "longhaul doctor"`,
      { cause: error },
    );
  }
}
