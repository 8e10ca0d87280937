import { BlockList, isIP, isIPv4 } from 'node:net';
import { LonghaulError } from '../../contracts/error.ts';

type Subnet = readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** What is not the public Internet: RFC 6890, RFC 4193, RFC 4291, and the addresses that translate to it (RFC 6052). */
const privateSubnets: readonly Subnet[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** This machine, its link with the metadata services of clouds (also the one of IPv6, which is no link address), groups of hosts, and what translates to IPv4. */
const neverSubnets: readonly Subnet[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

function blockListOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix, family] of subnets) list.addSubnet(address, prefix, family);
  return list;
}

// A list checks a mapped address (::ffff:10.0.0.1) against its IPv4 entries as well.
const holds = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');

const privateAddresses = blockListOf(privateSubnets);

/** Whether an address belongs to this machine, a private network, a link or a group of hosts. */
export function isPrivateAddress(address: string): boolean {
  return holds(privateAddresses, address);
}

/** Whether nobody's list opens an address. */
export type ForbidAddress = (address: string) => boolean;

/** Of a proxy that many use: its own machine and link, and the ranges of its cluster (`10.96.0.0/16`). Throws `config.invalid`. */
export function forbidAddresses(ranges: readonly string[]): ForbidAddress {
  const list = blockListOf([...neverSubnets, ...ranges.map(parseRange)]);
  return (address) => holds(list, address);
}

function parseRange(range: string): Subnet {
  const [address = '', length = '', ...more] = range.split('/');
  const version = isIP(address);
  const prefix = Number(length);
  const longest = version === 4 ? 32 : 128;
  if (version === 0 || more.length > 0 || !/^[0-9]{1,3}$/.test(length) || prefix > longest) {
    throw new LonghaulError(
      'config.invalid',
      `${JSON.stringify(range)} is no range of addresses; expected one like 10.96.0.0/16 or fd00:10::/64.`,
    );
  }
  return [address, prefix, version === 4 ? 'ipv4' : 'ipv6'];
}
