import type { ReservationOrder } from '../../src/engine/order/reservation-order.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { readEntry } from '../../src/lease/reservation/read-entry.ts';
import type { ReconcileRequest } from '../../src/management/reconcile/reconcile-result.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import type { ReservationResult } from '../../src/server/order/reservation-intake.ts';
import { settle } from './clock.ts';
import type { Guest } from './guest.ts';
import { reconcilerOf } from './reconciler-of.ts';
import { ServerNode, type ServerNodeOptions } from './server-node.ts';

const SERVER = '10.15.3.10';
/** Who orders in the tests, and why. */
export const WHO = { author: 'grace', note: 'ticket 42' };

export async function started(options: ServerNodeOptions = {}): Promise<ServerNode> {
  const node = new ServerNode(options);
  await node.server.start();
  return node;
}

export async function settled<Value>(node: ServerNode, result: Promise<Value>): Promise<Value> {
  let isDone = false;
  void result.finally(() => {
    isDone = true;
  });
  for (let step = 0; step < 200 && !isDone; step += 1) {
    await settle();
    node.clock.pass(1);
  }
  return result;
}

export function entryOf(id: string, json: object = {}) {
  const read = readEntry(json, id);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.entry;
}

export function submit(node: ServerNode, order: ReservationOrder): Promise<ReservationResult> {
  return settled(node, node.server.reservations.submit(order));
}

export function put(node: ServerNode, id: string, json: object = {}, rest: object = {}) {
  return submit(node, { kind: 'put', entry: entryOf(id, json), ...WHO, ...rest });
}

export function remove(node: ServerNode, id: string, rest: object = {}) {
  return submit(node, { kind: 'remove', id: id as OutsideId, ...WHO, ...rest });
}

export function reconcile(node: ServerNode, request: Partial<ReconcileRequest>) {
  const scope = { label: 'node', value: 'pve1' };
  return settled(node, reconcilerOf(node).reconcile({ scope, entries: [], ...WHO, ...request }));
}

/** The result in short: `committed 10.15.3.20`, or why not and where. */
export function told(result: ReservationResult): string {
  if (result.outcome === 'refused') {
    const { refusal } = result;
    const problems = 'problems' in refusal ? refusal.problems : [];
    return [refusal.why, ...problems.map(({ pointer, detail }) => `${pointer} ${detail}`)].join(': ');
  }
  if ('address' in result) return `${result.outcome} ${ipv4ToText(result.address)}`;
  return 'reservation' in result
    ? `${result.outcome} ${ipv4ToText(result.reservation.address)}`
    : result.outcome;
}

export async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  await node.hear(guest.select(address, SERVER));
  return address;
}
