import type { Guest } from '../guests/guest.ts';
import type { Lab } from '../lab.ts';
import { type LabOrder, needsNodes, type StepResult } from './order.ts';
import { untilLease } from './until-lease.ts';

export function migrateGuest(lab: Lab): LabOrder {
  const guest = lab.guests.find(({ renew }) => renew !== undefined);
  return {
    name: 'migrate',
    key: 'm',
    title: 'migrate a guest',
    promise: 'it keeps its address on the other node, and renews it there',
    hindrance: needsNodes(lab.gateways.length, 2),
    needs: ['network'],
    says: () => {
      const from = guest === undefined ? '' : lab.nameOf(guest.node.address);
      const to = guest === undefined ? '' : lab.nameOf(nextNode(lab, guest).address);
      return `the port of ${guest?.name} (${guest?.software}) goes from ${from} to ${to}. It should keep ${guest?.lease?.address}, and renew it there.`;
    },
    does: async () => {
      if (guest?.renew === undefined) throw new Error('no guest that can renew when it is told to');
      return migrated(lab, guest, guest.renew);
    },
  };
}

async function migrated(lab: Lab, guest: Guest, renew: () => void): Promise<StepResult> {
  const had = guest.lease?.address;
  const target = nextNode(lab, guest);
  target.takeOver(guest.port, guest.node);
  guest.node = target;
  guest.announceMove();
  const lease = await untilLease(lab, guest, Date.now(), renew);
  const where = lab.nameOf(target.address);
  if (lease === undefined) return { kept: false, seen: `${guest.name} got no answer on ${where}` };
  return {
    kept: lease.address === had,
    seen: `${guest.name} is on ${where}, had ${had}, and has ${lease.address} from ${lab.nameOf(lease.server)}`,
  };
}

function nextNode({ gateways }: Lab, { node }: Guest) {
  const at = gateways.findIndex((gateway) => gateway.node === node);
  const next = gateways[(at + 1) % gateways.length];
  if (next === undefined) throw new Error('no node');
  return next.node;
}
