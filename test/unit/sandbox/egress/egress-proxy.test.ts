import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LeaseIdSchema, TaskIdSchema } from '../../../../contracts/ids.ts';
import { createEgressProxy } from '../../../../sandbox/egress/egress-proxy.ts';
import { createGrantReader, createGrantSigner, type EgressGrant } from '../../../../sandbox/egress/token.ts';
import type { ProxyServer } from '../../../../sandbox/proxy/proxy-server.ts';

const pair = generateKeyPairSync('ed25519');
const sign = createGrantSigner(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const readGrant = createGrantReader(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());

let proxy: ProxyServer;
let proxyPort = 0;
let lines: Record<string, unknown>[] = [];
/** What the proxy is told of names. */
let names: Record<string, readonly string[]> = {};
let lookups: string[] = [];

const config = {
  clusterRanges: ['10.96.0.0/16', '203.0.113.0/24'],
  maxConnections: 100,
  maxConnectionsOfLease: 2,
  idleSeconds: 60,
  drainSeconds: 1,
};

beforeEach(async () => {
  lines = [];
  lookups = [];
  names = {};
  proxy = createEgressProxy({
    config,
    readGrant,
    log: (line) => lines.push(JSON.parse(line)),
    resolve: async (host) => {
      lookups.push(host);
      return names[host] ?? [];
    },
  });
  proxy.server.listen(0, '127.0.0.1');
  await once(proxy.server, 'listening');
  proxyPort = (proxy.server.address() as AddressInfo).port;
});

afterEach(() => {
  proxy.close();
});

const grant = (more: Partial<EgressGrant> = {}): EgressGrant => ({
  leaseId: LeaseIdSchema.parse('fix.1'),
  taskId: TaskIdSchema.parse('fix'),
  hosts: ['a.example'],
  address: '127.0.0.1',
  expiresAtMs: Date.now() + 60_000,
  ...more,
});

const header = (token: string): string =>
  token === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(`lease:${token}`).toString('base64')}\r\n`;

async function open(): Promise<Socket> {
  const socket = connect(proxyPort, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Asks for a tunnel; the socket, and what the proxy said first. */
async function tunnel(authority: string, token: string): Promise<{ socket: Socket; said: string }> {
  const socket = await open();
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${header(token)}\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  return { socket, said: said.toString() };
}

async function plain(url: string, token: string): Promise<string> {
  const socket = await open();
  socket.write(`GET ${url} HTTP/1.1\r\nHost: forged.example\r\n${header(token)}Connection: close\r\n\r\n`);
  return await text(socket);
}

const lastLine = () => lines.at(-1);

describe('who asks', () => {
  test.each([
    ['no token', async () => '', 'no_token'],
    [
      'a token that has expired',
      async (): Promise<string> => sign(grant({ expiresAtMs: Date.now() - 120_000 })),
      'token_expired',
    ],
    [
      'the token of another pod',
      async (): Promise<string> => sign(grant({ address: '10.244.0.9' })),
      'other_address',
    ],
    ['a token that nobody signed', async () => 'e30.e30.e30', 'token_invalid'],
  ])('%s opens nothing, and the log says so', async (_, token, reason) => {
    names = { 'a.example': ['127.0.0.1'] };
    const { said } = await tunnel('a.example:443', await token());
    expect(said).toMatch(/^HTTP\/1\.1 407 /);
    expect(said).toContain(reason);
    expect(lastLine()).toMatchObject({ decision: 'denied', reason, asked: 'a.example:443' });
    expect(await plain('http://a.example/', await token())).toMatch(/^HTTP\/1\.1 407 /);
    expect(lookups).toEqual([]);
  });

  test('a proxy that is asked for itself says whether it knows the token', async () => {
    expect(await plain('/', await sign(grant()))).toMatch(/^HTTP\/1\.1 204 /);
    expect(await plain('/', '')).toMatch(/^HTTP\/1\.1 407 /);
  });

  test('what one token lists is nothing for another', async () => {
    names = { 'b.example': ['127.0.0.1'] };
    const { said } = await tunnel('b.example:443', await sign(grant()));
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*x-longhaul-refused: not_listed/);
    expect(lastLine()).toMatchObject({
      lease: 'fix.1',
      task: 'fix',
      host: 'b.example',
      reason: 'not_listed',
    });
  });
});

describe('where to', () => {
  const denied = async (host: string, hosts: readonly string[], authority = `${host}:443`) => {
    const { said } = await tunnel(authority, await sign(grant({ hosts: [...hosts] })));
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    return lastLine()?.['reason'];
  };

  test.each([
    '10.1.2.3',
    '169.254.169.254',
    '127.0.0.1',
    '::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
  ])('a listed name that leads to %s is refused', async (address) => {
    names = { 'a.example': [address] };
    expect(await denied('a.example', ['a.example'])).toBe('private_address');
  });

  test('one address that is not public among others refuses the name', async () => {
    names = { 'a.example': ['198.51.100.1', '10.0.0.1'] };
    expect(await denied('a.example', ['a.example'])).toBe('private_address');
  });

  test('an address of the cluster is refused, public or not, also where an entry names the port', async () => {
    names = { 'a.example': ['203.0.113.5'], 'api.example': ['10.96.0.1'], 'me.example': ['169.254.169.254'] };
    expect(await denied('a.example', ['a.example'])).toBe('forbidden_address');
    expect(await denied('api.example', ['api.example:443'])).toBe('forbidden_address');
    expect(await denied('me.example', ['me.example:443'])).toBe('forbidden_address');
  });

  test('an address instead of a name is not listed by the name, and is judged as one', async () => {
    names = { '203.0.113.5': ['203.0.113.5'] };
    expect(await denied('198.51.100.1', ['a.example'])).toBe('not_listed');
    expect(await denied('203.0.113.5', ['203.0.113.5'])).toBe('forbidden_address');
  });

  test.each(['a.example', 'a.example:', ':443', 'a.example:0', 'a.example:+443', 'a.example:99999'])(
    'CONNECT to %j is malformed',
    async (authority) => {
      const { said } = await tunnel(authority, await sign(grant()));
      expect(said).toMatch(/^HTTP\/1\.1 400 /);
    },
  );
});
