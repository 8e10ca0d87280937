const refusals = [
  'not_listed',
  'private_address',
  /** The proxy's own machine, its link, or its cluster: also where an entry names the port. */
  'forbidden_address',
  'unresolved',
  'malformed',
  /** TLS for another name than the one that was asked for, for a hidden one or none; or no TLS where there must be. */
  'other_name',
  'too_many_connections',
  /** The next proxy on the way does not know who asks, or not any more. */
  'not_admitted',
  /** The next proxy on the way does not answer. */
  'proxy_unreachable',
] as const;

export type Refusal = (typeof refusals)[number];

export interface ProxyDecision {
  readonly decision: 'allowed' | 'denied';
  readonly host: string;
  readonly port: number;
  readonly reason: 'listed' | Refusal;
}

/** Where a name leads, resolved once: what was checked is what is connected to. Empty where the next proxy resolves it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** The entry names this port: then it need not be one that speaks TLS. */
  readonly exact: boolean;
}

/** Tells the proxy before this one why: its answer is 403 then. */
export const refusalHeader = 'x-longhaul-refused';

/** What the next proxy said; nothing for a word that is none of ours. */
export function refusalOf(text: string | readonly string[] | undefined): Refusal | undefined {
  return refusals.find((reason) => reason === text);
}
