import { expect, test } from 'vitest';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { UNSPECIFIED } from '../../src/net/ipv4.ts';
import { Guest } from '../support/guest.ts';
import { ip, type PacketOption } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const THIRD = '10.15.3.12';
const A = new Guest('52:54:00:00:00:01');
const B = new Guest('52:54:00:00:00:02');
const WANTED: PacketOption = [50, ...ip('10.15.3.20')];
/** All guests can only get this one. */
const ONE = {
  subnet: segment({ pools: [range('10.15.3.20', '10.15.3.20')] }),
  probeMilliseconds: 100,
};
const SEVERAL = { ...ONE, subnet: segment({ pools: [range('10.15.3.20', '10.15.3.29')] }) };
const DAY = 86_400_000;

/** The ARP questions of a gateway are answered by this machine, or by nobody. */
async function answer(both: SharedSegment, gateway: string, holder?: string): Promise<readonly string[]> {
  const questions = both.node(gateway).bench.questions.splice(0);
  for (const question of questions) question.answer(holder);
  await both.clock.pass(1);
  return questions.map(({ address }) => address);
}

test("what a guest of another gateway was offered again, and left for an address that is in dispute, is nobody's yet", async () => {
  const three = new SharedSegment([FIRST, SECOND, THIRD]);
  await three.broadcast(A.select('10.15.3.77', SECOND), FIRST);
  await three.broadcast(A.discover(), FIRST);
  await three.broadcast(B.select('10.15.3.78', THIRD), FIRST);

  await three.broadcast(A.select('10.15.3.78', THIRD), FIRST);

  const { leases } = three.node(FIRST).bench.store;
  const unknown = { state: 'peer', client: '' };
  expect(leases.at(at('10.15.3.77'))).toMatchObject({ ...unknown, granter: UNSPECIFIED });
  expect(leases.at(at('10.15.3.78'))).toMatchObject({ ...unknown, granter: at(THIRD) });
});

test.each([
  ['while its granter may answer', 100],
  ['while the address is asked for by ARP', 550],
])(
  'RFC 2131 §4.3.2: in INIT-REBOOT a guest gets no address that another one was heard selecting: %s',
  async (_, milliseconds) => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);

    await both.broadcast(A.reboot('10.15.3.20'), FIRST);
    await both.clock.pass(milliseconds);
    await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);
    await both.clock.pass(500);
    await answer(both, FIRST);

    expect(both.replies()).toEqual([]);
    expect(both.node(FIRST).bench.store.leases.at(at('10.15.3.20'))).toMatchObject({ state: 'peer' });
  },
);

test.each(['before', 'after'])(
  'what another guest asked for in INIT-REBOOT just %s it was offered is asked for by ARP again: another gateway may confirm it',
  async (when) => {
    const both = new SharedSegment([FIRST, SECOND], SEVERAL);
    both.introduce();
    const offer = async () => {
      await both.broadcast(B.discover([WANTED]), FIRST);
      await answer(both, FIRST);
      await answer(both, FIRST); // Asked for twice, if the other guest was heard before.
    };
    if (when === 'after') await offer();
    await both.broadcast(A.reboot('10.15.3.20'), FIRST);
    await both.clock.pass(1000);
    if (when === 'before') await offer();
    both.replies();

    await both.broadcast(B.select('10.15.3.20', FIRST), FIRST);
    await both.clock.pass(60);
    const asked = await answer(both, FIRST, A.mac);

    expect(asked).toEqual(['10.15.3.20']);
    expect(both.replies()).toEqual([`${FIRST} DHCPNAK 0.0.0.0 to ${B.mac}`]);
  },
);

test('after two seconds another guest in INIT-REBOOT was answered by nobody, and what is offered since is granted at once', async () => {
  const both = new SharedSegment([FIRST, SECOND], SEVERAL);
  both.introduce();
  await both.broadcast(A.reboot('10.15.3.20'), FIRST);
  await both.clock.pass(2001);
  await both.broadcast(B.discover([WANTED]), FIRST);
  await answer(both, FIRST);
  both.replies();

  await both.broadcast(B.select('10.15.3.20', FIRST), FIRST);
  await both.clock.pass(60);

  expect(both.replies()).toEqual([`${FIRST} DHCPACK 10.15.3.20 to ${B.mac}`]);
});

test.each([
  ['refused if that one answers', A.mac, 'DHCPNAK 0.0.0.0'],
  ['granted if nobody does, whatever is heard then', undefined, 'DHCPACK 10.15.3.20'],
])(
  'RFC 2131 §3.1 (2): where another machine is heard while a rival is waited for, the address is asked for once more: %s',
  async (_, holder, reply) => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    const { sightings } = both.node(FIRST);
    const hear = () => sightings.note(at('10.15.3.20'), hardwareFromText(A.mac) ?? NO_HARDWARE);
    await both.broadcast(B.select('10.15.3.20', FIRST), FIRST);
    both.introduce(); // While the address is asked for: only now a rival may come.
    await answer(both, FIRST);
    hear();
    await both.clock.pass(60);

    const asked = await answer(both, FIRST, holder);
    hear();
    await both.clock.pass(60);

    expect(asked).toEqual(['10.15.3.20']);
    expect(await answer(both, FIRST)).toEqual([]);
    expect(both.replies()).toEqual([`${FIRST} ${reply} to ${B.mac}`]);
  },
);

test('a lease that has run out goes to no other guest before the sweep while others are heard: one of them may have extended it', async () => {
  const both = new SharedSegment([FIRST, SECOND], ONE);
  await both.broadcast(A.select('10.15.3.20', FIRST), FIRST);
  await answer(both, FIRST);
  await both.clock.pass(DAY);
  both.introduce();
  both.replies();

  await both.broadcast(B.discover([WANTED]), FIRST);
  await answer(both, FIRST);

  expect(both.replies()).toEqual([]);
});

test('nor while it is on offer to the card that had it, under another identifier', async () => {
  const subnet = segment({ pools: [range('10.15.3.20', '10.15.3.21')] });
  const both = new SharedSegment([FIRST, SECOND], { ...ONE, subnet });
  const system = new Guest(A.mac, { identifier: [255, 0, 0, 1] });
  const take = async (guest: Guest, address: string) => {
    await both.broadcast(guest.select(address, FIRST), FIRST);
    await answer(both, FIRST);
  };
  await take(A, '10.15.3.20');
  await both.clock.pass(DAY / 2 - 2000);
  await take(B, '10.15.3.21');
  await both.broadcast(B.decline('10.15.3.21', FIRST), FIRST); // So that it is a known client, and gets another address.
  await answer(both, FIRST);
  await both.clock.pass(3000);
  const { serverState } = both.node(FIRST).bench;
  serverState.trustsClock = false;
  await both.broadcast(system.discover(), FIRST);
  await answer(both, FIRST);
  serverState.trustsClock = true;
  expect(both.replies().at(-1)).toBe(`${FIRST} DHCPOFFER 10.15.3.20 to ${A.mac}`);
  both.introduce();

  await both.broadcast(B.discover(), FIRST);
  await answer(both, FIRST); // For its own, which is in quarantine,
  await answer(both, FIRST); // and for what it would be offered then.

  expect(both.replies()).toEqual([]);
});
