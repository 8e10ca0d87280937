import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../contracts/error.ts';
import type { Sandbox } from '../contracts/sandbox.ts';
import type { Environment } from './state-dir.ts';

/** What a worker tells whoever keeps it running: `/livez` and `/readyz`, 200 or 503 with a sentence. */
export interface Health {
  /** From now on it is ready while this holds and its sandbox can be used. */
  servesWhile(polls: () => boolean): void;
  close(): Promise<void>;
}

type Probe = Sandbox['probe'];

const lookEveryMs = 15_000;
const answerLimitMs = 5000;

/**
 * Answers on the port of `LONGHAUL_HEALTH_PORT`, on every address; without it there is none. `/livez`: the event loop turns. `/readyz`: the
 * worker polls, and its sandbox can be used, which is looked at when asked, every 15 s at most. Throws `config.invalid`, `server.port_busy`.
 */
export async function startHealth(env: Environment, probe: Probe): Promise<Health> {
  const port = portOf(env);
  if (port === null) return { servesWhile: () => {}, close: async () => {} };
  let polls: (() => boolean) | null = null;
  const sandboxProblem = cachedProblem(probe);
  const readyProblem = async (): Promise<string | null> => {
    if (polls === null) return 'it starts';
    return polls() ? await sandboxProblem() : 'it stops';
  };
  const server = createServer((request, response) => {
    if (request.url === '/livez') answer(response, null);
    else if (request.url === '/readyz') void readyProblem().then((problem) => answer(response, problem));
    else response.writeHead(404).end();
  });
  server.listen(port);
  await once(server, 'listening').catch((error: unknown) => {
    throw busy(port, error);
  });
  // It must not keep alive a worker that has ended.
  server.unref();
  return {
    servesWhile(condition) {
      polls = condition;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, problem: string | null): void {
  response.writeHead(problem === null ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${problem ?? 'ok'}\n`);
}

/** What is wrong with the sandbox, looked at once for all who ask meanwhile; a look that takes too long is a problem until it has come back. */
function cachedProblem(probe: Probe): () => Promise<string | null> {
  let found: { readonly atMs: number; readonly problem: Promise<string | null> } | null = null;
  return async () => {
    if (found === null || performance.now() - found.atMs > lookEveryMs) {
      found = { atMs: performance.now(), problem: problemOf(probe) };
    }
    const late = delay(answerLimitMs, 'its sandbox does not answer', { ref: false });
    return await Promise.race([found.problem, late]);
  };
}

async function problemOf(probe: Probe): Promise<string | null> {
  try {
    const { available, findings } = await probe();
    return available ? null : `its sandbox cannot be used: ${findings.join('; ')}`;
  } catch (error) {
    return `its sandbox cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function portOf(env: Environment): number | null {
  const text = (env['LONGHAUL_HEALTH_PORT'] ?? '').trim();
  if (text === '') return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port < 65_536) return port;
  throw new LonghaulError(
    'config.invalid',
    `LONGHAUL_HEALTH_PORT must be a port, and it is "${text}". Set it to one from 1 to 65535, or unset it for none.`,
  );
}

function busy(port: number, cause: unknown): LonghaulError {
  return new LonghaulError(
    'server.port_busy',
    `The worker cannot answer on the port ${port} of LONGHAUL_HEALTH_PORT: ${cause instanceof Error ? cause.message : String(cause)}. Give it another.`,
    { cause },
  );
}
