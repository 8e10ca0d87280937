import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ClusterProblem } from './problem.ts';
import type { RunOptions } from './run-program.ts';
import { runProgram } from './run-program.ts';

export const podRange = '10.244.0.0/24';
export const serviceRange = '10.96.0.0/16';
/** The first address of the service range is the API server's. */
export const firstServiceAddress = '10.96.0.1';

const slots = 8;
const linkName = (slot: number) => `lhcluster${slot}`;
const isThere = (link: string) => existsSync(`/sys/class/net/${link}`);

export interface Addresses {
  /** The machine's end of the cable: all that the cluster can reach outside of itself. */
  readonly machine: string;
  /** The node's end: API server and kubelet answer here. */
  readonly node: string;
}

export function addressesOf(slot: number): Addresses {
  return { machine: `10.99.${slot}.1`, node: `10.99.${slot}.2` };
}

/** Whether any cluster has its cable on this machine. */
export const anyCable = () => readdirSync('/sys/class/net').some((name) => /^lhcluster\d+$/.test(name));

export const cableOf = (slot: number) => (isThere(linkName(slot)) ? linkName(slot) : undefined);

/** Whose cable it is: the directory of the cluster. Undefined while nobody has one of this number. */
export function cableOwner(slot: number): string | undefined {
  if (!isThere(linkName(slot))) return undefined;
  return readFileSync(`/sys/class/net/${linkName(slot)}/ifalias`, 'utf8').trim();
}

/** The first number whose cable and addresses nobody uses. */
export async function freeSlot(): Promise<number> {
  const routes = await runProgram('ip', ['-4', 'route', 'show', 'table', 'all']);
  const taken = (slot: number) => new RegExp(`(?:^|\\s)10\\.99\\.${slot}\\.`).test(routes);
  for (let slot = 0; slot < slots; slot++) {
    if (!isThere(linkName(slot)) && !taken(slot)) return slot;
  }
  throw new ClusterProblem(
    `All of 10.99.0.0/24 to 10.99.${slots - 1}.0/24 are in use on this machine (ip route show): end another cluster first.`,
  );
}

/** Runs a program inside the namespaces. */
export type Enter = (program: string, args: readonly string[], options?: RunOptions) => Promise<string>;

// Addresses of IPv6 that come by themselves would be a way around policies, which are about IPv4.
const settings = ['ipv4/ip_forward', 'ipv6/conf/all/disable_ipv6', 'ipv6/conf/default/disable_ipv6'];

/**
 * Lays a cable between the machine and the namespaces of `pid`. The node has no route but the cable: nothing in the cluster
 * reaches a network beyond the machine. `rules` hold until the enforcer of network policy has read the policies.
 */
export async function makeNetwork(
  { slot, pid, rules, owner }: { slot: number; pid: number; rules: string; owner: string },
  enter: Enter,
): Promise<void> {
  const { machine, node } = addressesOf(slot);
  const link = linkName(slot);
  const ip = (...args: string[]) => runProgram('ip', args);
  await enter('iptables-restore', ['--noflush', '-w'], { input: rules });
  for (const setting of settings) {
    // A machine without IPv6 has nothing to turn off.
    await enter('sh', ['-c', `f=/proc/sys/net/${setting}; [ ! -e "$f" ] || echo 1 > "$f"`]);
  }
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await ip('link', 'set', link, 'alias', owner);
  await ip('address', 'add', `${machine}/24`, 'dev', link);
  await ip('link', 'set', link, 'up');
  await enter('ip', ['link', 'set', 'lo', 'up']);
  await enter('ip', ['address', 'add', `${node}/24`, 'dev', 'eth0']);
  await enter('ip', ['link', 'set', 'eth0', 'up']);
  await enter('ip', ['route', 'add', 'unreachable', 'default']);
}

/** Takes the cable away; its other end goes with it. The kernel does so by itself too, once it has cleared the namespace up. */
export async function removeNetwork(slot: number): Promise<void> {
  if (!isThere(linkName(slot))) return;
  await runProgram('ip', ['link', 'delete', linkName(slot)]).catch((error: unknown) => {
    if (isThere(linkName(slot))) throw error;
  });
}
