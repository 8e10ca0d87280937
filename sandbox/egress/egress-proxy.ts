import type { IncomingMessage } from 'node:http';
import { forbidAddresses } from '../proxy/addresses.ts';
import { type AllowList, parseAllowList } from '../proxy/allow-list.ts';
import { type ResolveHost, resolveHost } from '../proxy/judge.ts';
import {
  type Admitted,
  createProxyServer,
  type NotAdmitted,
  type ProxyServer,
} from '../proxy/proxy-server.ts';
import type { EgressConfig } from './config.ts';
import { type EgressGrant, plainAddress, type ReadGrant, type TokenProblem } from './token.ts';

export interface EgressProxyDeps {
  readonly config: Omit<EgressConfig, 'port' | 'healthPort' | 'publicKeyFile'>;
  readonly readGrant: ReadGrant;
  /** One line for each decision, before it has an effect. */
  readonly log: (line: string) => void;
  readonly resolve?: ResolveHost;
}

interface EgressClient extends Admitted {
  readonly grant: EgressGrant;
  readonly from: string;
}

const advice: Readonly<Record<TokenProblem, string>> = {
  no_token: 'it needs the token of a setup',
  token_invalid:
    'its token is none that this proxy can check: worker and proxy have keys that do not belong together',
  token_expired: 'the time of its setup is over, or the clocks of worker and proxy differ',
  other_address:
    'its token belongs to a pod with another address: if something between them changes addresses, set bindToPod to false',
};
const loggedHostLength = 255;

/** The one way out of all setups in a cluster. It knows no lease: what each may reach is in the token that it brings. */
export function createEgressProxy({
  config,
  readGrant,
  log,
  resolve = resolveHost,
}: EgressProxyDeps): ProxyServer {
  const write = (from: string, facts: object): void =>
    log(JSON.stringify({ at: new Date().toISOString(), from, ...facts }));
  return createProxyServer<EgressClient>({
    async admit(incoming) {
      const from = plainAddress(incoming.socket.remoteAddress ?? '');
      const grant = await readGrant(tokenOf(incoming), from);
      if (typeof grant !== 'string') return clientOf(grant, from);
      const asked = (incoming.url ?? '').slice(0, loggedHostLength);
      write(from, { decision: 'denied', reason: grant, asked });
      return refusal(grant);
    },
    record({ host, port, decision, reason }, { grant, from }) {
      const { leaseId: lease, taskId: task } = grant;
      write(from, { lease, task, host: host.slice(0, loggedHostLength), port, decision, reason });
    },
    judgement: { resolve, forbidden: forbidAddresses(config.clusterRanges) },
    upstream: null,
    limits: {
      connections: config.maxConnections,
      connectionsOfOne: config.maxConnectionsOfLease,
      idleMs: config.idleSeconds * 1_000,
    },
  });
}

function clientOf(grant: EgressGrant, from: string): EgressClient | NotAdmitted {
  let allow: AllowList;
  try {
    allow = parseAllowList(grant.hosts);
  } catch {
    return { status: 403, text: 'The token lists a host that this proxy cannot read.\n' };
  }
  return { allow, name: grant.leaseId, endsAtMs: grant.expiresAtMs, grant, from };
}

function refusal(problem: TokenProblem): NotAdmitted {
  return {
    status: 407,
    text: `Longhaul's egress proxy does not admit this: ${problem}, ${advice[problem]}.\n`,
  };
}

/** RFC 7617; the token is the password, whatever the user's name. */
function tokenOf(incoming: IncomingMessage): string {
  const credentials = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(incoming.headers['proxy-authorization'] ?? '')?.[1];
  const plain = Buffer.from(credentials ?? '', 'base64').toString('utf8');
  return plain.slice(plain.indexOf(':') + 1);
}
