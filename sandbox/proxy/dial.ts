import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { normalizeHost } from './allow-list.ts';
import { type Refusal, refusalHeader, refusalOf, type Target } from './decision.ts';

const connectLimitMs = 10_000;
const upstreamLimitMs = 30_000;

/** Opens a connection to one of a target's addresses, in their order; null when none answers. Names are not looked up again. */
export async function dial({ addresses, port }: Target): Promise<Socket | null> {
  for (const host of addresses) {
    const socket = await dialAddress(host, port);
    if (socket !== null) return socket;
  }
  return null;
}

function dialAddress(host: string, port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const fail = (): void => {
      socket.destroy();
      resolve(null);
    };
    socket.setTimeout(connectLimitMs, fail);
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}

/** Opens a connection by way of another proxy, which decides again; what it refused, or null when the target does not answer it. */
export function dialThrough(upstream: URL, target: Target): Promise<Socket | Refusal | null> {
  return new Promise((resolve) => {
    const authority = authorityOf(target);
    const connecting = request({
      ...upstreamAddress(upstream),
      agent: false,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...upstreamCredentials(upstream) },
      timeout: upstreamLimitMs,
    });
    connecting.on('connect', (response, socket, head) => {
      socket.setTimeout(0);
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      resolve(upstreamRefusal(response) ?? null);
    });
    connecting.on('timeout', () => connecting.destroy());
    connecting.on('error', () => resolve('proxy_unreachable'));
    connecting.end();
  });
}

/** Why another proxy of Longhaul refused; undefined when it did not, or is none. */
export function upstreamRefusal(response: {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}): Refusal | undefined {
  if (response.statusCode === 407) return 'not_admitted';
  const refused = response.statusCode === 403 || response.statusCode === 429;
  return refused ? refusalOf(response.headers[refusalHeader]) : undefined;
}

export function upstreamAddress(upstream: URL): { readonly host: string; readonly port: number } {
  return { host: normalizeHost(upstream.hostname), port: Number(upstream.port || 80) };
}

/** RFC 7617. */
export function upstreamCredentials(upstream: URL): Record<string, string> {
  if (upstream.username === '') return {};
  const plain = `${decodeURIComponent(upstream.username)}:${decodeURIComponent(upstream.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** `host:port`, an IPv6 address in brackets. */
function authorityOf({ host, port }: Target): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `host:port` as in RFC 9110, section 9.3.6. */
export function parseAuthority(authority: string): { readonly host: string; readonly port: number } | null {
  const separator = authority.lastIndexOf(':');
  const digits = authority.slice(separator + 1);
  const port = Number(digits);
  const host = normalizeHost(authority.slice(0, separator));
  if (separator < 1 || !/^[0-9]{1,5}$/.test(digits) || port < 1 || port > 65_535 || host === '') return null;
  return { host, port };
}
