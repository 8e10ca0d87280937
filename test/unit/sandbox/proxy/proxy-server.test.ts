import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllowList } from '../../../../sandbox/proxy/allow-list.ts';
import type { ProxyDecision } from '../../../../sandbox/proxy/decision.ts';
import { createProxyServer, type ProxyServer } from '../../../../sandbox/proxy/proxy-server.ts';

let closers: (() => void)[] = [];
let decisions: ProxyDecision[] = [];
/** What has come to the target, of all connections. */
let received = '';
let target: Server;
let targetPort = 0;

beforeEach(async () => {
  decisions = [];
  received = '';
  target = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      socket.write('answer');
    });
  });
  targetPort = await listening(target);
});
afterEach(() => {
  for (const close of closers) close();
  closers = [];
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Options {
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly endsAtMs?: number;
  readonly upstream?: URL | null;
  readonly connectionsOfOne?: number;
}

/** A proxy for one client; names lead to this machine. */
async function proxyFor(hosts: readonly string[], options: Options = {}): Promise<number> {
  const {
    resolve = async () => ['127.0.0.1'],
    endsAtMs = Number.POSITIVE_INFINITY,
    upstream = null,
  } = options;
  const proxy: ProxyServer = createProxyServer({
    admit: async () => ({ allow: parseAllowList(hosts), name: 'one', endsAtMs }),
    record: (decision) => decisions.push(decision),
    judgement: { resolve: upstream === null ? resolve : null, forbidden: () => false },
    upstream,
    limits: { connections: 100, connectionsOfOne: options.connectionsOfOne ?? 100, idleMs: 60_000 },
  });
  const port = await listening(proxy.server);
  closers.push(proxy.close);
  return port;
}

async function tunnel(proxyPort: number, authority: string): Promise<{ socket: Socket; said: string }> {
  const socket = connect(proxyPort, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  return { socket, said: said.toString() };
}

/** However it closes. */
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

const entry = () => `a.example:${targetPort}`;

describe('for whom a tunnel is', () => {
  const greet = async (servername: string | undefined, authority = entry()) => {
    const port = await proxyFor([entry(), `127.0.0.1:${targetPort}`]);
    const { socket, said } = await tunnel(port, authority);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    const client = connectTls({ socket, ...(servername === undefined ? {} : { servername }) });
    client.on('error', () => undefined);
    await Promise.race([closed(client), closed(socket)]);
    return decisions.at(-1);
  };

  test('TLS for the name that was asked for passes', async () => {
    expect(await greet('a.example')).toMatchObject({ decision: 'allowed' });
    expect(received).toContain('a.example');
  });

  test('TLS for another name behind the same address reaches nobody, and is recorded', async () => {
    expect(await greet('evil.example')).toMatchObject({ decision: 'denied', reason: 'other_name' });
    expect(received).toBe('');
  });

  test('TLS without a name reaches nobody, unless an address was asked for', async () => {
    expect(await greet(undefined)).toMatchObject({ decision: 'denied', reason: 'other_name' });
    expect(received).toBe('');
    expect(await greet(undefined, `127.0.0.1:${targetPort}`)).toMatchObject({ decision: 'allowed' });
    expect(received).not.toBe('');
  });

  test('what is not TLS passes where the entry names the port', async () => {
    const { socket } = await tunnel(await proxyFor([entry()]), entry());
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
  });
});

describe('what becomes of a connection', () => {
  test('names are looked up once, and the address that was checked is the one that is used', async () => {
    const answers = ['127.0.0.1', '127.0.0.9'];
    const looked: string[] = [];
    const resolve = async (host: string) => {
      looked.push(host);
      return [answers[looked.length - 1] ?? 'none'];
    };
    const { socket, said } = await tunnel(await proxyFor([entry()], { resolve }), entry());
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    socket.write('x');
    await once(socket, 'data');
    expect(looked).toEqual(['a.example']);
  });

  test('the second address is tried when the first does not answer', async () => {
    const resolve = async () => ['127.0.0.2', '127.0.0.1'];
    const { said } = await tunnel(await proxyFor([entry()], { resolve }), entry());
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('it ends with the time of its client, also while it is used', async () => {
    const port = await proxyFor([entry()], { endsAtMs: Date.now() + 500 });
    const { socket } = await tunnel(port, entry());
    const chatter = setInterval(() => socket.write('x'), 20);
    await closed(socket);
    clearInterval(chatter);
  });

  test('one client gets no more connections than it may have, and gets more when some have ended', async () => {
    const port = await proxyFor([entry()], { connectionsOfOne: 2 });
    const open = [await tunnel(port, entry()), await tunnel(port, entry())];
    expect((await tunnel(port, entry())).said).toMatch(/^HTTP\/1\.1 429 /);
    expect(decisions.at(-1)).toMatchObject({ reason: 'too_many_connections' });
    open[0]?.socket.destroy();
    await expect.poll(async () => (await tunnel(port, entry())).said).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a plain request says to the target the host that was listed, and nothing of the proxy', async () => {
    const port = await proxyFor([entry()]);
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET http://${entry()}/p?q HTTP/1.1\r\nHost: forged.example\r\nProxy-Authorization: Basic eDp5\r\nConnection: close\r\n\r\n`,
    );
    await expect.poll(() => received).toContain('\r\n\r\n');
    expect(received).toMatch(new RegExp(`^GET /p\\?q HTTP/1\\.1\\r\\n[\\s\\S]*host: ${entry()}`, 'i'));
    expect(received).not.toMatch(/proxy-auth|forged/i);
    socket.destroy();
  });

  test('what the target sent last arrives though it closes at once', async () => {
    const large = 'x'.repeat(3_000_000);
    const server = createServer((socket) => socket.end(large));
    const port = await listening(server);
    const socket = connect(await proxyFor([`a.example:${port}`]), '127.0.0.1');
    socket.write(`CONNECT a.example:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect((await text(socket)).length).toBeGreaterThan(large.length);
  });
});

describe('by way of another proxy', () => {
  test('what that one refuses is refused with its reason, for tunnels and for plain requests', async () => {
    const next = await proxyFor(['b.example']);
    const port = await proxyFor([entry()], { upstream: new URL(`http://127.0.0.1:${next}`) });
    const { said } = await tunnel(port, entry());
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*not_listed/);
    expect(decisions.at(-1)).toMatchObject({ decision: 'denied', host: 'a.example', reason: 'not_listed' });
    decisions = [];
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET http://${entry()}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
    expect(decisions.at(-1)).toMatchObject({ decision: 'denied', reason: 'not_listed' });
    expect(received).toBe('');
  });

  test('one that is not there is told apart from a target that is not', async () => {
    const gone = createServer();
    const nobody = await listening(gone);
    gone.close();
    const port = await proxyFor([entry()], { upstream: new URL(`http://127.0.0.1:${nobody}`) });
    await tunnel(port, entry());
    expect(decisions.at(-1)).toMatchObject({ decision: 'denied', reason: 'proxy_unreachable' });
  });

  test('one that does not know who asks is told apart too', async () => {
    const strange = createHttpServer();
    strange.on('connect', (_, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    const port = await proxyFor([entry()], {
      upstream: new URL(`http://127.0.0.1:${await listening(strange)}`),
    });
    await tunnel(port, entry());
    expect(decisions.at(-1)).toMatchObject({ decision: 'denied', reason: 'not_admitted' });
  });
});
