import type { Client } from '@temporalio/client';
import { openTemporalClient } from '../workers/open-task-client.ts';
import type { Environment } from '../workers/state-dir.ts';

/** Temporal's own client for the server of a home, for what the typed verbs do not show. Throws `server.unavailable`. */
export async function withTemporal<T>(env: Environment, use: (client: Client) => Promise<T>): Promise<T> {
  const { client, close } = await openTemporalClient(env);
  try {
    return await use(client);
  } finally {
    await close();
  }
}
