import { hardwareToText } from '../../../net/hardware-address.ts';
import { ipv4ToText } from '../../../net/ipv4.ts';
import type { BuiltInGuest } from '../guests/built-in-guest.ts';
import { builtInGuests, type Lab } from '../lab.ts';
import { leaseText, NEWCOMER_PATIENCE } from './newcomers.ts';
import type { LabOrder, StepResult } from './order.ts';

export function cloneGuest(lab: Lab): LabOrder {
  const [guest] = builtInGuests(lab);
  return {
    name: 'clone',
    key: 'd',
    title: 'clone a guest',
    promise: 'guest and clone have an address each',
    hindrance: guest === undefined ? 'no guest has the built-in client' : undefined,
    needs: ['network'],
    says: () =>
      `a machine with the client identifier of ${guest?.name} and another MAC boots on another port. It should get an address of its own, and ${guest?.name} should keep ${guest?.lease?.address}.`,
    does: async () => {
      if (guest === undefined) throw new Error('no guest');
      return cloned(lab, guest);
    },
  };
}

async function cloned(lab: Lab, guest: BuiltInGuest): Promise<StepResult> {
  const node = lab.gateways.find((gateway) => gateway.node !== guest.node)?.node ?? guest.node;
  const had = guest.lease?.address;
  const { hostname, identifier } = guest.client.identity;
  const clone = await lab.crowd.newcomer(node, {
    hostname,
    ...(identifier === undefined ? {} : { identifier }),
  });
  const lease = await clone.boot(NEWCOMER_PATIENCE);
  const renewed = await guest.client.renew(NEWCOMER_PATIENCE);
  clone.release();
  const got = lease === undefined ? 'no lease' : leaseText(lab, lease);
  const keeps = renewed === undefined ? 'no lease' : ipv4ToText(renewed.address);
  const mac = hardwareToText(clone.identity.hardware);
  return {
    kept: lease !== undefined && keeps === had && ipv4ToText(lease.address) !== had,
    seen: `the clone (${mac}, on ${lab.nameOf(node.address)}) has ${got}; ${guest.name} had ${had} and has ${keeps}`,
  };
}
