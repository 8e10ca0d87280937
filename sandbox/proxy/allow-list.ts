import { LonghaulError } from '../../contracts/error.ts';

/** One entry of a list of hosts. */
interface HostRule {
  /** Lower case; with `wildcard`, what must follow the first label or labels: `.example.com`. */
  readonly name: string;
  readonly wildcard: boolean;
  /** Null stands for 443 and 80. */
  readonly port: number | null;
}

export interface HostMatch {
  readonly listed: boolean;
  /** The entry names this port: then an address of a private network is meant, not an accident or an attack. */
  readonly exact: boolean;
}

export type AllowList = (host: string, port: number) => HostMatch;

const defaultPorts = [443, 80];
const entryPattern =
  /^(?<wildcard>\*\.)?(?<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::(?<port>[0-9]{1,5}))?$/;

/**
 * Reads entries of the forms `host`, `host:port`, `*.example.com` and `*.example.com:port`; an IPv6 address stands in brackets.
 * `*.example.com` covers every name below example.com, not that name itself. Throws `usage.invalid` for anything else.
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const rules = entries.map(parseEntry);
  return (host, port) => {
    const name = normalizeHost(host);
    const matching = rules.filter(
      (rule) =>
        (rule.wildcard ? name.endsWith(rule.name) : name === rule.name) &&
        (rule.port === null ? defaultPorts.includes(port) : rule.port === port),
    );
    // A wildcard never vouches for a private address: it does not name the very host.
    return {
      listed: matching.length > 0,
      exact: matching.some((rule) => rule.port !== null && !rule.wildcard),
    };
  };
}

/** Lower case, without the dot of the root and without brackets. */
export function normalizeHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

function parseEntry(entry: string): HostRule {
  const groups = entryPattern.exec(entry.toLowerCase())?.groups;
  const name = groups?.['name'];
  const port = groups?.['port'];
  if (name === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new LonghaulError(
      'usage.invalid',
      `${JSON.stringify(entry)} is no host for a setup; expected host, host:port, *.domain or *.domain:port.`,
    );
  }
  const wildcard = groups?.['wildcard'] !== undefined;
  return {
    name: wildcard ? `.${name}` : normalizeHost(name),
    wildcard,
    port: port === undefined ? null : Number(port),
  };
}
