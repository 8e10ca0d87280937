import { appendFileSync } from 'node:fs';
import type { AllowList } from './allow-list.ts';
import type { ProxyDecision } from './decision.ts';
import { resolveHost } from './judge.ts';
import { type Admitted, createProxyServer } from './proxy-server.ts';

export interface SetupProxy {
  /** Decisions so far, the newest last; at most the last thousand. */
  decisions(): readonly ProxyDecision[];
  close(): void;
}

const keptDecisions = 1_000;
const limits = { connections: 1_000, connectionsOfOne: 1_000, idleMs: 15 * 60_000 } as const;

export interface SetupProxyDeps {
  /** A Unix socket's path, or a port of this machine's own address. */
  readonly listen: { readonly path: string } | { readonly port: number };
  readonly logFile: string;
  readonly allow: AllowList;
  readonly upstream: URL | null;
}

/**
 * The one way out of a setup: an HTTP proxy for whoever can reach it, for CONNECT and for plain requests, to the listed hosts only. Every
 * decision is appended to the log before anything is sent. With an upstream proxy, that one resolves the names.
 */
export async function startSetupProxy({
  listen,
  logFile,
  allow,
  upstream,
}: SetupProxyDeps): Promise<SetupProxy> {
  const decisions: ProxyDecision[] = [];
  const everybody: Admitted = { allow, name: 'setup', endsAtMs: Number.POSITIVE_INFINITY };
  const { server, close } = createProxyServer({
    admit: async () => everybody,
    record(decision) {
      appendFileSync(logFile, `${JSON.stringify({ at: new Date().toISOString(), ...decision })}\n`, {
        mode: 0o600,
      });
      decisions.push(decision);
      if (decisions.length > keptDecisions) decisions.shift();
    },
    // The machine's owner lists what its own address may be asked for.
    judgement: { resolve: upstream === null ? resolveHost : null, forbidden: () => false },
    upstream,
    limits,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in listen ? listen : { ...listen, host: '127.0.0.1' }, resolve);
  });
  return { decisions: () => decisions, close };
}
