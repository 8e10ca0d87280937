import { BlockList, isIPv4 } from 'node:net';

/** What is not the public Internet: RFC 6890, RFC 4193, RFC 4291, and the addresses that translate to it (RFC 6052). */
const subnets: readonly (readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
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

const blocked = new BlockList();
for (const [address, prefix, family] of subnets) blocked.addSubnet(address, prefix, family);

/** Whether an address belongs to this machine, a private network, a link or a group of hosts. */
export function isPrivateAddress(address: string): boolean {
  // A list checks a mapped address (::ffff:10.0.0.1) against its IPv4 entries as well.
  return blocked.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
