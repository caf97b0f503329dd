import { expect, test } from 'vitest';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.77';
const FREE = '10.15.3.99';
const MAC = '52:54:00:00:00:01';
const OTHER = '52:54:00:00:00:02';
const ROUTER = '52:54:00:00:00:99';

/** A server that leased MINE to the guest of MAC. */
function leased(options: ConstructorParameters<typeof Conversation>[0] = {}) {
  const conversation = new Conversation(options);
  const guest = new Guest(MAC);
  conversation.hear(guest.discover([[50, ...ip(MINE)]]));
  conversation.hear(guest.select(MINE, SERVER));
  return { conversation, guest };
}

test('RFC 2131 §4.4.5: a renewal that a router has passed on is answered to that router, at the address of the lease', () => {
  const { conversation, guest } = leased();

  const { decision, outcome } = conversation.meet(guest.extend(MINE), 'unicast', MINE, ROUTER);

  expect(outcome).toBe(`DHCPACK ${MINE}`);
  expect(decision).toMatchObject({
    destination: { kind: 'link', hardware: hardwareFromText(ROUTER), address: at(MINE), isLeased: true },
  });
});

test.each<[string, (guest: Guest) => Uint8Array, string]>([
  ['a renewal of another address', (guest) => guest.extend(FREE), FREE],
  ['a renewal by another machine', () => new Guest(OTHER).extend(MINE), MINE],
  ['a renewal of a free address by nobody', () => new Guest(OTHER).extend(FREE), FREE],
  ['a release', (guest) => guest.release(MINE, SERVER), MINE],
  ['a decline', (guest) => guest.decline(MINE, SERVER), MINE],
  ['a DHCPINFORM', (guest) => guest.inform(MINE), MINE],
  ['a DHCPDISCOVER', (guest) => guest.discover(), MINE],
])(
  'what another network card has sent does nothing as %s, and nobody is asked by ARP for it',
  (_what, say, from) => {
    const { conversation, guest } = leased({ probeMilliseconds: 300 });
    conversation.holders.set(FREE, OTHER);
    const before = conversation.store.leases.revision;

    const answer = conversation.meet(say(guest), 'unicast', from, ROUTER);

    expect(answer).toMatchObject({ reason: 'another-card', outcome: 'silence', asked: [] });
    expect(conversation.store.leases.revision).toBe(before);
  },
);

test('where the network translates MACs, replies go to every station', () => {
  const { conversation, guest } = leased({ chaddrCheck: false });

  const { decision } = conversation.meet(guest.extend(MINE), 'unicast', MINE);

  expect(decision).toMatchObject({ destination: { hardware: 0xffffffffffff, address: at(MINE) } });
});
