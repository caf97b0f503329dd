import { setTimeout as delay } from 'node:timers/promises';
import { hardwareToText } from '../../../net/hardware-address.ts';
import { ipv4ToText } from '../../../net/ipv4.ts';
import type { Lab } from '../lab.ts';
import type { NodeGateway } from '../nodes/node-gateway.ts';
import { bootAt, guestOf, leaseText, NEWCOMER_PATIENCE, newcomerText } from './newcomers.ts';
import { type LabOrder, type LabStep, needsNodes, type StepResult } from './order.ts';

/** How long a gateway may take to serve again: milliseconds. */
const START_TIME = 30_000;
/** How long it may take until the lease file has all leases of the journal: milliseconds. */
const FILE_TIME = 10_000;
const LOOK_EVERY = 200;

export function killGateway(lab: Lab): LabOrder {
  const victim = lab.gateways.at(-1);
  const name = victim?.name ?? '';
  let before: ReadonlySet<string> = new Set();
  return {
    name: 'kill',
    key: 'k',
    title: 'kill a gateway',
    promise: 'its guests keep their addresses, new ones get theirs from another gateway',
    hindrance: needsNodes(lab.gateways.length, 2),
    takes: 'gateway',
    needs: ['gateway', 'network', 'member'],
    says: () =>
      `SIGKILL for that of ${name}. A guest that it serves should keep its address when it rebinds, and a new guest of ${name} should get a lease from another gateway.`,
    does: async () => {
      if (victim === undefined) throw new Error('no gateway');
      before = leasedFrom(lab, victim);
      return killed(lab, victim);
    },
    undo: comesBack(
      lab,
      'the killed gateway comes back',
      () => victim,
      () => before,
    ),
  };
}

/** Starts a gateway again, with the lease file that it has. */
export function comesBack(
  lab: Lab,
  title: string,
  gatewayOf: () => NodeGateway | undefined,
  before: () => ReadonlySet<string>,
): LabStep {
  return {
    title,
    promise: 'it serves again, with every lease that it had',
    says: () => `${gatewayOf()?.name ?? 'it'} should serve again, and know all that it has leased.`,
    does: async () => {
      const gateway = gatewayOf();
      if (gateway === undefined) throw new Error('no gateway was killed');
      gateway.start();
      const serves = await gateway.serves(START_TIME);
      const lost = await lostIn(gateway, before());
      const newcomer = await bootAt(lab, gateway.node);
      newcomer.client.release();
      const state = serves ? 'serves' : `does not serve after ${START_TIME / 1000} s`;
      const kept = lost.length === 0 ? `all ${before().size} leases are there` : `lost: ${lost.join(', ')}`;
      return {
        kept: serves && lost.length === 0 && newcomer.lease !== undefined,
        seen: `${gateway.name} ${state}; ${kept}; ${newcomerText(lab, gateway.node, newcomer)}`,
      };
    },
  };
}

/** Which of these leases the lease file does not have, even after some time. */
async function lostIn(gateway: NodeGateway, before: ReadonlySet<string>): Promise<readonly string[]> {
  const end = Date.now() + FILE_TIME;
  for (;;) {
    const known = new Set(gateway.rows().map(({ address, mac }) => `${address} ${mac}`));
    const lost = [...before].filter((row) => !known.has(row));
    if (lost.length === 0 || Date.now() > end) return lost;
    await delay(LOOK_EVERY);
  }
}

/** `address MAC` of each guest that has a lease of a gateway. */
export function leasedFrom(lab: Lab, { address: server }: NodeGateway): ReadonlySet<string> {
  const named = lab.guests
    .filter(({ lease }) => lease?.server === server)
    .map(({ lease, hardware }) => `${lease?.address} ${hardware}`);
  const others = lab.crowd.leased
    .filter(({ lease }) => ipv4ToText(lease.server) === server)
    .map(({ lease, identity }) => `${ipv4ToText(lease.address)} ${hardwareToText(identity.hardware)}`);
  return new Set([...named, ...others]);
}

async function killed(lab: Lab, victim: NodeGateway): Promise<StepResult> {
  const guest = await guestOf(lab, victim);
  const had = guest?.lease;
  if (guest === undefined || had === undefined)
    return { kept: false, seen: `no guest has a lease of ${victim.name}` };
  await victim.kill();
  const [now, newcomer] = await Promise.all([guest.rebind(NEWCOMER_PATIENCE), bootAt(lab, victim.node)]);
  newcomer.client.release();
  const hostname = guest.identity.hostname;
  const rebound =
    now === undefined
      ? `${hostname} got no answer for ${ipv4ToText(had.address)}`
      : `${hostname} had ${ipv4ToText(had.address)} and has ${leaseText(lab, now)}`;
  return {
    kept: now?.address === had.address && now.server !== had.server && newcomer.lease !== undefined,
    seen: `${rebound}; ${newcomerText(lab, victim.node, newcomer)}`,
  };
}
