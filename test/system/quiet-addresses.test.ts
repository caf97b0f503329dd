import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { ip } from '../support/packet.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const ADDRESSES = Array.from({ length: 24 }, (_, index) => `10.15.3.${20 + index}`); // A quarter is held for new guests.
const SETTINGS = {
  GATEWAY_DHCP_ARP_PROBE: '300ms',
  GATEWAY_DHCP_POOL_START: '10.15.3.20',
  GATEWAY_DHCP_POOL_END: '10.15.3.43',
};
const STRANGER = '52:54:00:bb:00:01';
/** Requests for an address that is not quiet. */
const IN_FULL = 3;
const BESIDE = 1;

describeSystem('the real process asks by ARP ahead of need', [], () => {
  const segment = useTestSegment();

  /** The offer to a guest, and how often its address was asked for since the guest's DHCPDISCOVER. */
  async function offerTo(client: RawClient, guest: number, wanted?: string): Promise<[HeardReply, number]> {
    const before = client.asked.length;
    const options = wanted === undefined ? [] : [[50, ...ip(wanted)] as const];
    const offer = await client.discover(hardwareOf(guest), ...options);
    const asked = () => client.asked.slice(before).filter((address) => address === offer.yiaddr).length;
    await eventually('the question beside was heard', () => asked() > 0);
    return [offer, asked()];
  }

  /** Guests on a segment whose gateway has asked twice for each address that nobody holds. */
  async function quietSegment(held: readonly string[] = []): Promise<RawClient> {
    const client = segment().client();
    for (const address of held) client.holds.set(address, STRANGER);
    await segment().gateway(SETTINGS);
    const isAsked = (address: string) => client.asked.filter((each) => each === address).length >= 2;
    await eventually('all were asked for twice', () =>
      ADDRESSES.every((address) => held.includes(address) || isAsked(address)),
    );
    // The answers to the second request count for a moment; then one guest more is served after one question.
    for (let guest = 900; guest < 903; guest += 1) {
      const [, asked] = await offerTo(client, guest);
      if (asked === BESIDE) return client;
    }
    throw new Error('no address is quiet');
  }

  test('RFC 2131 §3.1 (2): addresses that another machine holds are offered to nobody, and no guest waits for that', async () => {
    const held = ['10.15.3.21', '10.15.3.23', '10.15.3.24'];
    const client = await quietSegment(held);

    for (const guest of [1, 2]) {
      const [offer, asked] = await offerTo(client, guest);
      expect([offer.type, held.includes(offer.yiaddr), asked]).toEqual([2, false, BESIDE]);
      expect((await client.select(offer)).type).toBe(5);
    }
  });

  test('RFC 2131 §3.1 (2): a machine that wakes up after its address was asked for keeps it: the client is refused, and the address is quarantined', async () => {
    const client = await quietSegment();
    for (const address of ADDRESSES) client.holds.set(address, STRANGER);
    const [offer, asked] = await offerTo(client, 1);
    for (const address of ADDRESSES) if (address !== offer.yiaddr) client.holds.delete(address);

    const refused = await client.select(offer);
    const [next] = await offerTo(client, 1);

    expect([asked, refused.type, next.type]).toEqual([BESIDE, 6, 2]);
    expect(next.yiaddr).not.toBe(offer.yiaddr);
  });

  test('RFC 5227 §1.1: an address for which another machine probes is asked for again before it is offered', async () => {
    const client = await quietSegment();

    client.probe('10.15.3.25', STRANGER);
    client.probe('10.15.3.26', hardwareOf(2));
    await offerTo(client, 3); // Who answers this has read what came before.
    const [probed, asked] = await offerTo(client, 1, '10.15.3.25');
    const [own, askedForOwn] = await offerTo(client, 2, '10.15.3.26');

    expect([probed.yiaddr, asked]).toEqual(['10.15.3.25', IN_FULL]);
    expect([own.yiaddr, askedForOwn]).toEqual(['10.15.3.26', BESIDE]);
  });
});
