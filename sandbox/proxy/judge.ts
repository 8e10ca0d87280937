import { lookup } from 'node:dns/promises';
import { type ForbidAddress, isPrivateAddress } from './addresses.ts';
import type { AllowList } from './allow-list.ts';
import type { Refusal, Target } from './decision.ts';

export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** As this machine resolves names. */
export const resolveHost: ResolveHost = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

export interface Judgement {
  /** Null where the next proxy resolves names. */
  readonly resolve: ResolveHost | null;
  readonly forbidden: ForbidAddress;
}

/** Whether a list lets a host be reached, and where it is. One address that is not allowed refuses the name: which one answers is the other side's choice. */
export async function judge(
  { resolve, forbidden }: Judgement,
  allow: AllowList,
  host: string,
  port: number,
): Promise<Target | Refusal> {
  const { listed, exact } = allow(host, port);
  if (!listed) return 'not_listed';
  if (resolve === null) return { host, port, addresses: [], exact };
  const addresses = await resolve(host).catch((): readonly string[] => []);
  if (addresses.length === 0) return 'unresolved';
  if (!exact && addresses.some(isPrivateAddress)) return 'private_address';
  if (addresses.some(forbidden)) return 'forbidden_address';
  return { host, port, addresses, exact };
}
