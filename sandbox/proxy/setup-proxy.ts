import { lookup } from 'node:dns/promises';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isPrivateAddress } from './addresses.ts';
import { type AllowList, normalizeHost } from './allow-list.ts';

export interface ProxyDecision {
  readonly decision: 'allowed' | 'denied';
  readonly host: string;
  readonly port: number;
  readonly reason: 'listed' | 'not_listed' | 'private_address' | 'unresolved' | 'malformed';
}

export interface SetupProxy {
  /** Decisions so far, the newest last; at most the last thousand. */
  decisions(): readonly ProxyDecision[];
  close(): void;
}

interface Target {
  readonly host: string;
  readonly port: number;
  /** Resolved once, here: what was checked is what is connected to. */
  readonly address: string;
}

const keptDecisions = 1_000;
const upstreamLimitMs = 30_000;

/**
 * The one way out of a setup: an HTTP proxy on a Unix socket, for CONNECT and for plain requests, to the listed hosts only. Every
 * decision is appended to the log before anything is sent. With an upstream proxy, that one resolves the names.
 */
export async function startSetupProxy(deps: {
  readonly socketPath: string;
  readonly logFile: string;
  readonly allow: AllowList;
  readonly upstream: URL | null;
}): Promise<SetupProxy> {
  const decisions: ProxyDecision[] = [];
  const sockets = new Set<Duplex>();
  const decide = async (host: string, port: number): Promise<Target | ProxyDecision> => {
    const outcome = await judge(deps, host, port);
    const decision: ProxyDecision =
      'address' in outcome ? { decision: 'allowed', host, port, reason: 'listed' } : outcome;
    appendFileSync(deps.logFile, `${JSON.stringify({ at: new Date().toISOString(), ...decision })}\n`, {
      mode: 0o600,
    });
    decisions.push(decision);
    if (decisions.length > keptDecisions) decisions.shift();
    return outcome;
  };

  const server = createServer((incoming, response) => {
    forward(deps.upstream, decide, incoming, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (incoming, client, head) => {
    client.on('error', () => client.destroy());
    tunnel(deps.upstream, decide, incoming, client, head).catch(() => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(deps.socketPath, resolve);
  });
  return {
    decisions: () => decisions,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function judge(
  deps: { readonly allow: AllowList; readonly upstream: URL | null },
  host: string,
  port: number,
): Promise<Target | ProxyDecision> {
  const denied = (reason: ProxyDecision['reason']): ProxyDecision => ({
    decision: 'denied',
    host,
    port,
    reason,
  });
  const match = deps.allow(host, port);
  if (!match.listed) return denied('not_listed');
  if (deps.upstream !== null) return { host, port, address: host };
  const addresses = await lookup(host, { all: true }).catch(() => []);
  const [first] = addresses;
  if (first === undefined) return denied('unresolved');
  if (!match.exact && addresses.some(({ address }) => isPrivateAddress(address)))
    return denied('private_address');
  return { host, port, address: first.address };
}

type Decide = (host: string, port: number) => Promise<Target | ProxyDecision>;

const refusal = (decision: ProxyDecision): string =>
  `Longhaul's setup proxy refused ${decision.host}:${decision.port}: ${decision.reason}\n`;

async function tunnel(
  upstream: URL | null,
  decide: Decide,
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  const parsed = parseAuthority(incoming.url ?? '');
  if (parsed === null) {
    client.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    return;
  }
  const target = await decide(parsed.host, parsed.port);
  if (!('address' in target)) {
    const text = refusal(target);
    client.end(
      `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    );
    return;
  }
  const remote = upstream === null ? await dial(target) : await dialThrough(upstream, target);
  if (remote === null) {
    client.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n');
    return;
  }
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) remote.write(head);
  remote.on('error', () => client.destroy());
  remote.on('close', () => client.destroy());
  client.on('close', () => remote.destroy());
  remote.pipe(client);
  client.pipe(remote);
}

function dial(target: Target): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

function dialThrough(upstream: URL, target: Target): Promise<Socket | null> {
  return new Promise((resolve) => {
    const authority = `${target.host}:${target.port}`;
    const connecting = request({
      ...upstreamAddress(upstream),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...upstreamCredentials(upstream) },
      timeout: upstreamLimitMs,
    });
    connecting.on('connect', (response, socket, head) => {
      if (response.statusCode !== 200) socket.destroy();
      if (head.length > 0) socket.unshift(head);
      resolve(response.statusCode === 200 ? socket : null);
    });
    connecting.on('timeout', () => connecting.destroy());
    connecting.on('error', () => resolve(null));
    connecting.end();
  });
}

async function forward(
  upstream: URL | null,
  decide: Decide,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : null;
  if (url === null || url.protocol !== 'http:') {
    response.writeHead(400).end('expected an absolute http: URL or CONNECT\n');
    return;
  }
  const target = await decide(normalizeHost(url.hostname), Number(url.port || 80));
  if (!('address' in target)) {
    response.writeHead(403, { 'content-type': 'text/plain' }).end(refusal(target));
    return;
  }
  const headers = withoutHopHeaders(incoming);
  const outgoing = request({
    ...(upstream === null ? { host: target.address, port: target.port } : upstreamAddress(upstream)),
    method: incoming.method,
    path: upstream === null ? url.pathname + url.search : url.href,
    headers: { ...headers, host: url.host, ...(upstream === null ? {} : upstreamCredentials(upstream)) },
  });
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

const hopHeaders = ['proxy-authorization', 'proxy-connection', 'connection', 'keep-alive', 'te', 'upgrade'];

function withoutHopHeaders(incoming: IncomingMessage): Record<string, string | string[]> {
  const entries = Object.entries(incoming.headers).flatMap(([name, value]) =>
    value === undefined || hopHeaders.includes(name) ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

function upstreamAddress(upstream: URL): { readonly host: string; readonly port: number } {
  return { host: normalizeHost(upstream.hostname), port: Number(upstream.port || 80) };
}

function upstreamCredentials(upstream: URL): Record<string, string> {
  if (upstream.username === '') return {};
  const plain = `${decodeURIComponent(upstream.username)}:${decodeURIComponent(upstream.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** `host:port` as in RFC 9110, section 9.3.6. */
function parseAuthority(authority: string): { readonly host: string; readonly port: number } | null {
  const separator = authority.lastIndexOf(':');
  const port = Number(authority.slice(separator + 1));
  const host = normalizeHost(authority.slice(0, separator));
  if (separator < 1 || !Number.isInteger(port) || port < 1 || port > 65_535 || host === '') return null;
  return { host, port };
}
