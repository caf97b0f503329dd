import { setTimeout as delay } from 'node:timers/promises';
import { ipv4ToText } from '../../../net/ipv4.ts';
import type { BuiltInClient, BuiltInLease } from '../guests/built-in-client.ts';
import type { Lab } from '../lab.ts';
import { builtInGuests } from '../lab.ts';
import type { NodeGateway } from '../nodes/node-gateway.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';

/** How long a new guest may take while something is broken: milliseconds. */
export const NEWCOMER_PATIENCE = 20_000;

const LOOK_EVERY = 50;

export interface Newcomer {
  readonly client: BuiltInClient;
  /** Undefined: it got none in time. */
  readonly lease: BuiltInLease | undefined;
  readonly seconds: string;
}

/** A guest that was never there boots at a node. */
export async function bootAt(
  lab: Lab,
  node: SegmentNode,
  milliseconds = NEWCOMER_PATIENCE,
): Promise<Newcomer> {
  const client = await lab.crowd.newcomer(node);
  const begin = Date.now();
  const lease = await client.boot(milliseconds);
  return { client, lease, seconds: secondsSince(begin) };
}

/** `a new guest on node-2 has 10.15.3.44 from node-1 after 1.0 s` */
export function newcomerText(lab: Lab, node: SegmentNode, { lease, seconds }: Newcomer): string {
  const who = `a new guest on ${lab.nameOf(node.address)}`;
  return lease === undefined
    ? `${who} has no lease after ${seconds} s`
    : `${who} has ${leaseText(lab, lease)} after ${seconds} s`;
}

/** `10.15.3.44 from node-1` */
export function leaseText(lab: Lab, { address, server }: BuiltInLease): string {
  return `${ipv4ToText(address)} from ${lab.nameOf(ipv4ToText(server))}`;
}

export function secondsSince(begin: number): string {
  return ((Date.now() - begin) / 1000).toFixed(1);
}

/** How many guests boot on a gateway's node until it is the one that answers. */
const ATTEMPTS = 6;

/** A guest with a lease of this gateway: one that is there, or else one that boots on its node. */
export async function guestOf(lab: Lab, gateway: NodeGateway): Promise<BuiltInClient | undefined> {
  const isIts = ({ lease }: BuiltInClient) =>
    lease !== undefined && ipv4ToText(lease.server) === gateway.address;
  const there = [...builtInGuests(lab).map(({ client }) => client), ...lab.crowd.leased].find(isIts);
  if (there !== undefined) return there;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { client } = await bootAt(lab, gateway.node);
    if (isIts(client)) return client;
    client.release();
  }
  return undefined;
}

/**
 * The lease that a guest has after it was told to renew. One whose lease ended before begins anew by itself: the lease that it then
 * gets. Undefined: none in time.
 */
export async function renewedNow(
  client: BuiltInClient,
  milliseconds = NEWCOMER_PATIENCE,
): Promise<BuiltInLease | undefined> {
  const begin = Date.now();
  void client.renew(milliseconds);
  while (Date.now() - begin < milliseconds) {
    const { lease } = client;
    if (lease !== undefined && lease.at >= begin) return lease;
    await delay(LOOK_EVERY);
  }
  return undefined;
}

/** The addresses that two guests have, as far as the lab knows them all. */
export function doubles(lab: Lab): readonly string[] {
  const named = lab.guests.map(({ lease }) => lease?.address).filter((address) => address !== undefined);
  const all = [...named, ...lab.crowd.leased.map(({ lease }) => ipv4ToText(lease.address))];
  return [...new Set(all.filter((address, index) => all.indexOf(address) !== index))];
}

/** `no address twice`, or which. */
export function doublesText(found: readonly string[]): string {
  return found.length === 0 ? 'no address twice' : `twice: ${found.join(', ')}`;
}
