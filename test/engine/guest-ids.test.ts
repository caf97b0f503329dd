import { describe, expect, test } from 'vitest';
import type { OutsideIds } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';
import { portNamed } from '../support/plugged.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');

function id(text: string): OutsideId {
  return text as OutsideId;
}

/** A guest with a lease, plugged in at this port; what renews it, and what its lease says of it. */
function guestAt(port: string | undefined) {
  const conversation = new Conversation();
  const plug = (name: string | undefined) => {
    conversation.context = { port: name === undefined ? undefined : portNamed(name) };
  };
  plug(port);
  const { address } = conversation.hear(ADA.discover());
  conversation.hear(ADA.select(address, SERVER));
  const ids = () => conversation.at(address)?.ids;
  const renewAt = (name: string | undefined) => {
    plug(name);
    conversation.pass(3600);
    const { reason } = conversation.hearUnicast(ADA.extend(address), address);
    expect(reason).toBe('renewed');
    return ids();
  };
  /** What the platform writes of it. */
  const name = (given: OutsideIds) => {
    const { leases } = conversation.store;
    const lease = leases.recordAt(at(address));
    if (lease === undefined) throw new Error('no lease');
    const { client, hardware, state, expiresAt, version } = lease;
    conversation.store.applyForeign({
      ...{
        kind: 'binding',
        client,
        expectedBindingVersion: version,
        at: conversation.now,
        reason: 'ordered',
      },
      writes: [
        {
          address: lease.address,
          expectedVersion: version,
          next: { client, hardware, state, expiresAt, ids: given },
        },
      ],
    });
  };
  return { conversation, address, ids, renewAt, name };
}

describe('a lease says where its guest is plugged in', () => {
  test('with the port, and the number of the VM or container in its name', () => {
    expect(guestAt('tap104i0').ids()).toEqual({ port: 'tap104i0', vpsId: '104' });
    expect(guestAt('veth105i1').ids()).toEqual({ port: 'veth105i1', vpsId: '105' });
    expect(guestAt('fwpr106p0').ids()).toEqual({ port: 'fwpr106p0', vpsId: '106' });
    expect(guestAt('vnet3').ids()).toEqual({ port: 'vnet3' });
  });

  test('not at a port of others, or where nothing is known', () => {
    expect(guestAt(undefined).ids()).toBeUndefined();
    expect(guestAt('vxlan_vps').ids()).toBeUndefined();
    expect(guestAt('bond0').ids()).toBeUndefined();
  });

  test('and follows the guest with its next renewal: to another port, to another host, and back', () => {
    const guest = guestAt('tap104i0');

    expect(guest.renewAt(undefined)).toEqual({ port: 'tap104i0', vpsId: '104' });
    expect(guest.renewAt('tap104i1')).toEqual({ port: 'tap104i1', vpsId: '104' });
    expect(guest.renewAt('tap204i0')).toEqual({ port: 'tap204i0', vpsId: '204' });
    expect(guest.renewAt('vxlan_vps')).toEqual({ vpsId: '204' });
    expect(guest.renewAt('tap204i0')).toEqual({ port: 'tap204i0', vpsId: '204' });
  });

  test('a VPS id that others have given stays, and so do their other ids', () => {
    const named = guestAt('tap104i0');
    named.name({ vpsId: id('vps-7f'), organizationId: id('org-1'), port: id('tap104i0') });
    expect(named.renewAt('tap105i0')).toEqual({ vpsId: 'vps-7f', organizationId: 'org-1', port: 'tap105i0' });
    expect(named.renewAt('vxlan_vps')).toEqual({ vpsId: 'vps-7f', organizationId: 'org-1' });

    const reserved = guestAt('tap104i0');
    reserved.name({ vpsId: id('104'), reservationId: id('r7'), port: id('tap104i0') });
    expect(reserved.renewAt('tap105i0')).toEqual({ vpsId: '104', reservationId: 'r7', port: 'tap105i0' });
  });

  test('another client that gets the address has nothing of it', () => {
    const { conversation, address } = guestAt('tap104i0');
    conversation.hearUnicast(ADA.release(address, SERVER), address);
    conversation.context = { port: undefined };
    const ben = new Guest('52:54:00:00:00:02');
    conversation.hear(ben.select(address, SERVER));

    expect(conversation.at(address)).toMatchObject({ state: 'bound', ids: undefined });
  });
});
