import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AllowList, normalizeHost } from './allow-list.ts';
import { type ProxyDecision, type Refusal, refusalHeader, type Target } from './decision.ts';
import {
  dial,
  dialThrough,
  parseAuthority,
  upstreamAddress,
  upstreamCredentials,
  upstreamRefusal,
} from './dial.ts';
import { type Judgement, judge } from './judge.ts';
import { createNameGate } from './name-gate.ts';

/** Who may use a proxy, and for what. */
export interface Admitted {
  readonly allow: AllowList;
  /** Its connections are counted under this. */
  readonly name: string;
  /** Until when its connections may last. */
  readonly endsAtMs: number;
}

/** Words for people: who asks is not known. */
export interface NotAdmitted {
  readonly status: 403 | 407;
  readonly text: string;
}

export interface ProxyServerDeps<Client extends Admitted> {
  readonly admit: (incoming: IncomingMessage) => Promise<Client | NotAdmitted>;
  /** Comes before anything is sent to the target, and again when that turns out otherwise. What it throws ends the connection. */
  readonly record: (decision: ProxyDecision, client: Client) => void;
  readonly judgement: Judgement;
  /** Another proxy, which decides once more and resolves the names; its credentials in the URL. */
  readonly upstream: URL | null;
  readonly limits: ProxyLimits;
}

export interface ProxyLimits {
  readonly connections: number;
  readonly connectionsOfOne: number;
  readonly idleMs: number;
}

/** The server that is to listen, and how to end it with all that goes through it. */
export interface ProxyServer {
  readonly server: Server;
  close(): void;
}

const longestTimerMs = 2 ** 31 - 1;
/** A token that lists many hosts is a long header. */
export const maxHeaderBytes = 64 * 1024;

/** An HTTP proxy for CONNECT and for plain requests that lets each client reach what its list says, and nothing else. */
export function createProxyServer<Client extends Admitted>(deps: ProxyServerDeps<Client>): ProxyServer {
  const sockets = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const using = new Map<string, number>();

  const decide = async (client: Client, host: string, port: number): Promise<Target | Refusal> => {
    const full = (using.get(client.name) ?? 0) > deps.limits.connectionsOfOne;
    const outcome = full ? 'too_many_connections' : await judge(deps.judgement, client.allow, host, port);
    const refused = typeof outcome === 'string';
    deps.record(
      refused
        ? { decision: 'denied', host, port, reason: outcome }
        : { decision: 'allowed', host, port, reason: 'listed' },
      client,
    );
    return outcome;
  };

  /** Counts a connection while it is used, and ends it with the client's time. */
  const hold = (client: Client, carrier: Duplex | ServerResponse): void => {
    const { name } = client;
    using.set(name, (using.get(name) ?? 0) + 1);
    const timer = setTimeout(
      () => carrier.destroy(),
      Math.min(Math.max(0, client.endsAtMs - Date.now()), longestTimerMs),
    );
    carrier.once('close', () => {
      clearTimeout(timer);
      const left = (using.get(name) ?? 1) - 1;
      if (left === 0) using.delete(name);
      else using.set(name, left);
    });
  };

  const server = createServer({ maxHeaderSize: maxHeaderBytes, keepAlive: true }, (incoming, response) => {
    forward(deps, { decide, hold }, incoming, response).catch(() => response.destroy());
  });
  server.maxConnections = deps.limits.connections;
  server.on('connection', (socket) => {
    track(socket);
    socket.setTimeout(deps.limits.idleMs, () => socket.destroy());
  });
  server.on('connect', (incoming, client, head) => {
    client.on('error', () => client.destroy());
    tunnel(deps, { decide, hold, track }, incoming, client, head).catch(() => client.destroy());
  });
  return {
    server,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Hands<Client> {
  decide(client: Client, host: string, port: number): Promise<Target | Refusal>;
  hold(client: Client, carrier: Duplex | ServerResponse): void;
}

const refusalText = (host: string, port: number, reason: Refusal): string =>
  `Longhaul's setup proxy refused ${host}:${port}: ${reason}\n`;

const statusOf = (reason: Refusal): string =>
  reason === 'too_many_connections' ? '429 Too Many Requests' : '403 Forbidden';

async function tunnel<Client extends Admitted>(
  deps: ProxyServerDeps<Client>,
  hands: Hands<Client> & { track(socket: Duplex): void },
  incoming: IncomingMessage,
  carrier: Duplex,
  head: Buffer,
): Promise<void> {
  const client = await deps.admit(incoming);
  if ('status' in client) {
    refuseTunnel(carrier, statusLine(client), client.text, challenge(client));
    return;
  }
  const parsed = parseAuthority(incoming.url ?? '');
  if (parsed === null) {
    refuseTunnel(carrier, '400 Bad Request', 'expected CONNECT host:port\n');
    return;
  }
  const { host, port } = parsed;
  hands.hold(client, carrier);
  const refuse = (reason: Refusal): void =>
    refuseTunnel(carrier, statusOf(reason), refusalText(host, port, reason), { [refusalHeader]: reason });
  const deny = (reason: Refusal): void => deps.record({ decision: 'denied', host, port, reason }, client);

  const target = await hands.decide(client, host, port);
  if (typeof target === 'string') {
    refuse(target);
    return;
  }
  const remote = deps.upstream === null ? await dial(target) : await dialThrough(deps.upstream, target);
  if (typeof remote === 'string') {
    deny(remote);
    refuse(remote);
    return;
  }
  if (remote === null) {
    refuseTunnel(carrier, '502 Bad Gateway', `${host}:${port} does not answer\n`);
    return;
  }
  hands.track(remote);
  join({ carrier, remote, head, target, idleMs: deps.limits.idleMs, onOtherName: () => deny('other_name') });
}

interface Joint {
  readonly carrier: Duplex;
  readonly remote: Duplex & { setTimeout?: (ms: number, on: () => void) => unknown };
  readonly head: Buffer;
  readonly target: Target;
  readonly idleMs: number;
  readonly onOtherName: () => void;
}

function join({ carrier, remote, head, target, idleMs, onOtherName }: Joint): void {
  const gate = createNameGate(target);
  const end = (): void => {
    carrier.destroy();
    remote.destroy();
    gate.destroy();
  };
  gate.on('error', () => {
    onOtherName();
    end();
  });
  for (const side of [carrier, remote]) side.on('error', end);
  carrier.on('close', end);
  // What it sent last may be on its way still.
  remote.on('close', () => carrier.end());
  remote.setTimeout?.(idleMs, end);
  if (carrier.destroyed) {
    end();
    return;
  }
  carrier.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) gate.write(head);
  carrier.pipe(gate).pipe(remote);
  remote.pipe(carrier);
}

const statusLine = ({ status }: NotAdmitted): string =>
  status === 407 ? '407 Proxy Authentication Required' : '403 Forbidden';

const challenge = ({ status }: NotAdmitted): Record<string, string> =>
  status === 407 ? { 'Proxy-Authenticate': 'Basic realm="longhaul"' } : { [refusalHeader]: 'not_admitted' };

function refuseTunnel(
  carrier: Duplex,
  status: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = Object.entries({
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  carrier.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${text}`);
}

async function forward<Client extends Admitted>(
  deps: ProxyServerDeps<Client>,
  hands: Hands<Client>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const client = await deps.admit(incoming);
  if ('status' in client) {
    response
      .writeHead(client.status, { ...challenge(client), 'content-type': 'text/plain' })
      .end(client.text);
    return;
  }
  // A proxy that is asked for itself tells whether it knows the one who asks, which a client may want to know beforehand.
  if (incoming.url === '/') {
    response.writeHead(204).end();
    return;
  }
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : null;
  if (url === null || url.protocol !== 'http:') {
    response.writeHead(400).end('expected an absolute http: URL or CONNECT\n');
    return;
  }
  const [host, port] = [normalizeHost(url.hostname), Number(url.port || 80)];
  const deny = (reason: Refusal): void => deps.record({ decision: 'denied', host, port, reason }, client);
  hands.hold(client, response);
  const target = await hands.decide(client, host, port);
  if (typeof target === 'string') {
    response
      .writeHead(Number.parseInt(statusOf(target), 10), {
        'content-type': 'text/plain',
        [refusalHeader]: target,
      })
      .end(refusalText(host, port, target));
    return;
  }
  const outgoing = await requestTo(deps.upstream, target, url, incoming);
  if (outgoing === null) {
    response.writeHead(502).end(`${host}:${port} does not answer\n`);
    return;
  }
  outgoing.on('response', (answer) => {
    const refused = deps.upstream === null ? undefined : upstreamRefusal(answer);
    if (refused !== undefined) deny(refused);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => {
    if (deps.upstream !== null && !response.headersSent) deny('proxy_unreachable');
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/** The request on its way: to the next proxy, or over a connection to an address that was checked. */
async function requestTo(upstream: URL | null, target: Target, url: URL, incoming: IncomingMessage) {
  const { method } = incoming;
  const headers = withoutHopHeaders(incoming);
  if (upstream !== null) {
    return request({
      ...upstreamAddress(upstream),
      agent: false,
      method,
      path: url.href,
      headers: { ...headers, host: url.host, ...upstreamCredentials(upstream) },
    });
  }
  const socket = await dial(target);
  if (socket === null) return null;
  return request({
    createConnection: () => socket,
    method,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, connection: 'close' },
  });
}

const hopHeaders = [
  'proxy-authorization',
  'proxy-connection',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
];

function withoutHopHeaders(incoming: IncomingMessage): Record<string, string | string[]> {
  const entries = Object.entries(incoming.headers).flatMap(([name, value]) =>
    value === undefined || hopHeaders.includes(name) ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}
