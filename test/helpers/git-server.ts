import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface GitServer {
  /** `http://127.0.0.1:<port>`; the repositories are below it. */
  readonly origin: string;
}

export interface GitServerOptions {
  /** Basic credentials, `user:password`; everybody may come in without. */
  readonly credentials?: string;
  /** Runs before a request is answered; a promise holds the answer back, `false` drops the connection. */
  readonly before?: (request: IncomingMessage) => Promise<boolean> | boolean;
  /** Runs when a request has had its effect; a promise holds the answer back. */
  readonly after?: (request: IncomingMessage) => Promise<void> | void;
}

/** Serves the git repositories below a directory over HTTP by git's own CGI program, until the running test has finished. */
export async function startGitServer(root: string, options: GitServerOptions = {}): Promise<GitServer> {
  const server = createServer((request, response) => {
    handle(root, options, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function handle(
  root: string,
  options: GitServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wanted = options.credentials;
  const given = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
  if (wanted !== undefined && given !== wanted) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  if ((await options.before?.(request)) === false) {
    request.destroy();
    return;
  }
  const url = new URL(request.url ?? '/', 'http://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'tester',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(backend, 'close');
  await options.after?.(request);
  const output = Buffer.concat(chunks);
  const end = output.indexOf('\r\n\r\n');
  const headers = output.toString('latin1', 0, end).split('\r\n');
  const status = headers.find((line) => line.startsWith('Status: '))?.slice('Status: '.length) ?? '200';
  for (const line of headers.filter((header) => !header.startsWith('Status: '))) {
    const [name = '', value = ''] = line.split(': ');
    response.setHeader(name, value);
  }
  response.writeHead(Number.parseInt(status, 10)).end(output.subarray(end + 4));
}

/** Whether this machine can serve git over HTTP. */
export const hasGitServer = spawnSync('git', ['http-backend'], { env: process.env }).error === undefined;
