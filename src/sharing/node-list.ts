import { isIP, isIPv4, isIPv6 } from 'node:net';
import { name as nameKind } from '../config/etcd-kinds.ts';
import { GatewayError } from '../errors.ts';
import { canBeHost, ipv4FromText } from '../net/ipv4.ts';

/** A node, with its address on the management network. */
export interface NodeAddress {
  readonly name: string;
  /** IPv4, or IPv6 in the form of RFC 5952. */
  readonly address: string;
}

const EXAMPLE = 'write node1=192.0.2.11,node2=192.0.2.12,node3=192.0.2.13';
const ONE = 'write name=address: node1=192.0.2.11';
/** Where IPv6 addresses lie that no other machine reaches, or that belong to many: RFC 4291 §2.4. */
const NO_HOST_IPV6 = /^(::1?$|::ffff:|fe[89ab]|ff)/;

/**
 * The nodes of a list: `node1=192.0.2.11,node2=192.0.2.12`.
 *
 * @throws GatewayError bad-settings with every problem.
 */
export function nodesFromText(text: string): readonly NodeAddress[] {
  const nodes: NodeAddress[] = [];
  const problems: string[] = [];
  for (const item of text.split(',').map((each) => each.trim())) {
    const node = nodeFromText(item);
    const problem = typeof node === 'string' ? node : clashOf(node, nodes);
    if (problem !== undefined) problems.push(`'${item}': ${problem}`);
    if (typeof node !== 'string') nodes.push(node);
  }
  if (text.trim() === '') problems.splice(0, 1, `'': it names no node; ${EXAMPLE}`);
  if (problems.length === 0) return nodes;
  throw new GatewayError('bad-settings', `--nodes cannot be used:\n  ${problems.join('\n  ')}`);
}

/** `https://192.0.2.11:2379`, with brackets around an IPv6 address. */
export function urlOf({ address }: NodeAddress, port: number): string {
  return `https://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** The node, or what is wrong with it, with the remedy. */
function nodeFromText(item: string): NodeAddress | string {
  if (item === '') return `nothing stands between two commas, or beside one at an end; ${EXAMPLE}`;
  const [name = '', address, ...more] = item.split('=').map((part) => part.trim());
  if (address === undefined || more.length > 0) return `is not a name and an address; ${ONE}`;
  if (!nameKind.read(name).ok)
    return `'${name}' is not a name; write up to 63 letters, digits, dots, dashes or underscores: node1`;
  if (/^https?:|[/\]]|^[^:]*:\d*$/.test(address))
    return `'${address}' is more than an address; write it without https://, port, brackets and prefix length`;
  if (isIP(address) === 0)
    return `'${address}' is not an IP address; write the node's own on the management network: 192.0.2.11`;
  const written = writtenAs(address);
  return canBeNode(written)
    ? { name, address: written }
    : `'${address}' is no address by which other nodes reach it; write its own on the management network: 192.0.2.11`;
}

/** Etcd wants IPv6 addresses in lower case and shortened where it compares them as text. */
function writtenAs(address: string): string {
  return isIPv4(address) || address.includes('%')
    ? address
    : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function canBeNode(address: string): boolean {
  const ipv4 = ipv4FromText(address);
  if (ipv4 !== undefined) return canBeHost(ipv4);
  return !address.includes('%') && !NO_HOST_IPV6.test(address);
}

/** Names that differ only in case would be one directory on some file systems, and one gateway to people. */
function clashOf(node: NodeAddress, others: readonly NodeAddress[]): string | undefined {
  const sameName = others.find(({ name }) => name.toLowerCase() === node.name.toLowerCase());
  if (sameName !== undefined)
    return `has the name of ${sameName.name}=${sameName.address}; give each node a name of its own`;
  const sameAddress = others.find(({ address }) => address === node.address);
  return sameAddress === undefined
    ? undefined
    : `has the address of ${sameAddress.name}; write each node's own address`;
}
