import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { LonghaulError } from '../contracts/error.ts';
import type { SandboxSetup, SandboxSpec } from '../contracts/sandbox.ts';
import type { SignGrant } from '../sandbox/egress/token.ts';
import type { RunningPod } from './keeper-calls.ts';

/** How setups reach the egress proxy. */
export interface EgressSettings {
  /** `http://host:port`; a name is looked up here, since pods resolve none. */
  readonly proxyUrl: string;
  readonly signGrant: SignGrant;
  /** Whether a token is good for the address of its pod alone: not where something changes addresses on the way. */
  readonly bindToPod: boolean;
}

/** Beyond the setup's own time: the token comes before its pod has the network, and its last connections are its own. */
const spareMs = 60_000;

/** The proxy's URL for one setup in one pod, with the token that opens it as the password. Throws `sandbox.unavailable`. */
export async function egressUrl(
  { proxyUrl, signGrant, bindToPod }: EgressSettings,
  { leaseId, taskId }: SandboxSpec,
  { hosts, timeoutMs }: SandboxSetup,
  { address }: RunningPod,
): Promise<string> {
  const url = new URL(proxyUrl);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) {
    const found = await lookup(host).catch((error: unknown) => {
      throw unresolved(proxyUrl, error);
    });
    url.hostname = found.family === 6 ? `[${found.address}]` : found.address;
  }
  url.username = 'lease';
  url.password = await signGrant({
    leaseId,
    taskId,
    hosts: [...hosts],
    address: bindToPod ? address : null,
    expiresAtMs: Date.now() + timeoutMs + spareMs,
  });
  return url.href;
}

function unresolved(proxyUrl: string, cause: unknown): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `The egress proxy ${proxyUrl} of the settings cannot be found: ${cause instanceof Error ? cause.message : cause}. Give the address of its Service.`,
    { cause },
  );
}
