import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { goProgram, goPrograms } from '../../tools/cluster/go-program.ts';
import { runProgram } from '../../tools/cluster/run-program.ts';
import { findServerBinary } from '../../workers/embedded-server/find-binary.ts';
import { composeFile, composeFolder, serviceEnvironment } from './compose-file.ts';
import { startPostgresql } from './postgresql.ts';

const modules = fileURLToPath(new URL('../../tools/temporal', import.meta.url));
const here = '127.0.0.1';
const report = (line: string) => process.stderr.write(`${line}\n`);

/** Temporal as docker-compose.yml starts it, on PostgreSQL: the same programs, scripts and settings, at other addresses. */
export async function startComposeTemporal(
  postgresql: string,
  directory: string,
): Promise<AsyncDisposable & { readonly address: string }> {
  await using stack = new AsyncDisposableStack();
  const { POSTGRES_USER: user = '', POSTGRES_PASSWORD: password = '' } = serviceEnvironment('postgresql', {});
  const port = await freePort();
  stack.use(await startPostgresql(postgresql, join(directory, 'postgresql'), { user, password, port }));

  const [tool, server, cli] = [
    await goProgram(goPrograms.temporalSqlTool, process.env, report),
    await goProgram(goPrograms.temporalServer, process.env, report),
    (await findServerBinary({ report })).path,
  ];
  const list = ['list', '-m', '-f', '{{.Dir}}', 'go.temporal.io/server'];
  const source = (await runProgram('go', list, { cwd: modules })).trim();
  const schema = serviceEnvironment('temporal-schema', {
    SQL_HOST: here,
    SQL_PORT: String(port),
    SCHEMA: join(source, 'schema/postgresql/v12'),
  });
  // Twice: a machine that starts again finds what is there.
  for (let times = 0; times < 2; times += 1) await runService('temporal-schema', schema, tool);

  const frontend = await freePort();
  const address = `${here}:${frontend}`;
  const settings = serviceEnvironment('temporal', {
    POSTGRES_SEEDS: here,
    DB_PORT: String(port),
    DYNAMIC_CONFIG_FILE_PATH: join(composeFolder, 'temporal.yaml'),
  });
  stack.use(await startServer(server, directory, { ...settings, ...(await ownPorts(frontend)) }, frontend));
  const namespace = serviceEnvironment('temporal-namespace', { TEMPORAL_ADDRESS: address });
  for (let times = 0; times < 2; times += 1) await runService('temporal-namespace', namespace, cli);
  const started = stack.move();
  return { address, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** What a service that ends does, with `program` on its PATH. */
async function runService(
  name: string,
  environment: Readonly<Record<string, string>>,
  program: string,
): Promise<void> {
  const [shell = '', script = ''] = composeFile().services[name]?.entrypoint ?? [];
  const env = { ...environment, PATH: `${dirname(program)}:/usr/bin:/bin`, HOME: '/nonexistent' };
  await runProgram(shell, [script.replace('/longhaul', composeFolder)], { env });
}

async function startServer(
  program: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
  frontend: number,
): Promise<AsyncDisposable> {
  const child = spawn(program, ['start'], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-8192);
    });
  }
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill('SIGTERM');
    await closed;
  };
  const early = closed.then(() => Promise.reject(new Error(`the Temporal server ended:\n${said}`)));
  early.catch(() => undefined);
  // All that the service's own check looks at.
  const answers = async () => {
    const socket = connect(frontend, here);
    await once(socket, 'connect').finally(() => socket.destroy());
  };
  try {
    await Promise.race([vi.waitFor(answers, { timeout: 90_000, interval: 200 }), early]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

/** A container has all ports for itself. */
async function ownPorts(frontend: number): Promise<Readonly<Record<string, string>>> {
  const names = [
    ...['FRONTEND_HTTP_PORT', 'FRONTEND_MEMBERSHIP_PORT', 'HISTORY_GRPC_PORT', 'HISTORY_MEMBERSHIP_PORT'],
    ...['MATCHING_GRPC_PORT', 'MATCHING_MEMBERSHIP_PORT', 'WORKER_GRPC_PORT', 'WORKER_MEMBERSHIP_PORT'],
  ];
  const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())] as const));
  return { ...Object.fromEntries(ports), FRONTEND_GRPC_PORT: String(frontend), BIND_ON_IP: here };
}

/** Below 32768: Temporal keeps the ports of its parts in PostgreSQL as a `smallint`, and a free one that the system gives is above. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, here, () => server.close(() => resolve(true)));
  });
}
