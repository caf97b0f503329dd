import { describe, expect, test } from 'vitest';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
const STRANGER = '52:54:00:00:00:99';

/** The engine of a gateway that notes who is heard by ARP. */
class Listener extends Conversation {
  constructor() {
    super({ probeMilliseconds: 300 });
  }

  /** A machine is heard at the address, though nobody has asked for it. */
  overhear(mac: string): void {
    const hardware = hardwareFromText(mac) ?? NO_HARDWARE;
    const sighting = {
      hardware,
      seenAt: this.now,
      seenAtMonotonic: this.now,
      revision: this.store.leases.revision,
    };
    this.context = { sightingAt: (address) => (address === at(MINE) ? sighting : undefined) };
  }
}

function offered(): Listener {
  const gateway = new Listener();
  gateway.hear(ADA.discover([[50, ...ip(MINE)]]));
  return gateway;
}

describe('a machine that is heard by ARP though nobody has asked', () => {
  test('RFC 2131 §3.1 (2): an address on offer at which another machine is heard by ARP is asked for again before the DHCPACK', () => {
    const gateway = offered();
    gateway.overhear(STRANGER);
    gateway.holders.set(MINE, STRANGER);

    const refused = gateway.hear(ADA.select(MINE, SERVER));

    expect([refused.outcome, refused.asked]).toEqual(['DHCPNAK', [MINE]]);
    expect(gateway.at(MINE)).toMatchObject({ state: 'declined', hardware: 0x525400000099 });
  });

  test('a forged ARP message alone takes no address: where nobody answers the question, the client gets what it was offered', () => {
    const gateway = offered();
    gateway.overhear(STRANGER);

    const granted = gateway.hear(ADA.select(MINE, SERVER));

    expect([granted.outcome, granted.asked]).toEqual([`DHCPACK ${MINE}`, [MINE]]);
  });

  test('what the client itself says by ARP is no reason to ask', () => {
    const gateway = offered();
    gateway.overhear(ADA.mac);

    expect(gateway.hear(ADA.select(MINE, SERVER)).asked).toEqual([]);
  });

  test('what was heard before the address was asked for and offered is settled by that', () => {
    const gateway = new Listener();
    gateway.overhear(STRANGER);
    gateway.pass(1);
    gateway.hear(ADA.discover([[50, ...ip(MINE)]]));

    expect(gateway.hear(ADA.select(MINE, SERVER)).asked).toEqual([]);
  });

  test('an address that its client has given back and comes for again is asked for, if another machine was heard there', () => {
    const gateway = offered();
    gateway.hear(ADA.select(MINE, SERVER));
    gateway.hearUnicast(ADA.release(MINE, SERVER), MINE);
    const before = gateway.hear(ADA.reboot(MINE));
    gateway.hearUnicast(ADA.release(MINE, SERVER), MINE);
    gateway.overhear(STRANGER);
    gateway.holders.set(MINE, STRANGER);
    const after = gateway.hear(ADA.discover());

    expect(before.asked).toEqual([]);
    expect(after.asked).toContain(MINE);
    expect(after.address).not.toBe(MINE);
  });

  test.each([
    ['INIT-REBOOT', () => ADA.reboot(MINE)],
    ['SELECTING', () => ADA.select(MINE, SERVER)],
    ['REBINDING', () => ADA.extend(MINE)],
    ['INIT', () => ADA.discover()],
  ])(
    'a lease that runs is not put to the question by an ARP message that anybody can forge: %s',
    (_, message) => {
      const gateway = offered();
      gateway.hear(ADA.select(MINE, SERVER));
      gateway.overhear(STRANGER);
      gateway.holders.set(MINE, STRANGER);

      const answer = gateway.hear(message());

      expect([answer.address, answer.asked]).toEqual([MINE, []]);
    },
  );
});
