import { Client, Connection } from '@temporalio/client';
import { LonghaulError } from '../contracts/error.ts';
import { runningServer } from '../workers/connection.ts';
import type { Environment } from '../workers/state-dir.ts';

const connectTimeoutMs = 10_000;

/** Temporal's own client for the server of a home, for what the typed verbs do not show. Throws `server.unavailable`. */
export async function withTemporal<T>(env: Environment, use: (client: Client) => Promise<T>): Promise<T> {
  const server = await runningServer(env);
  if (server === undefined) {
    throw new LonghaulError(
      'server.unavailable',
      'no Temporal server runs: start one with "longhaul up", or set TEMPORAL_ADDRESS',
    );
  }
  const connection = await connect(server.connectionOptions);
  try {
    return await use(new Client({ connection, namespace: server.namespace }));
  } finally {
    await connection.close();
  }
}

async function connect(options: object): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: connectTimeoutMs });
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'server.unavailable',
      `the Temporal server does not answer: ${found}. See "longhaul doctor"`,
      { cause: error },
    );
  }
}
