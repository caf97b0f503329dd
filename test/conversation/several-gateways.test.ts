import { describe, expect, test } from 'vitest';
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
/** Both guests can only get this one. */
const ONE = { subnet: segment({ pools: [range('10.15.3.20', '10.15.3.20')] }) };
const HALF_A_DAY = 43_200_000;

/** Who has it, if anybody has, is not known. */
const LEFT = { state: 'peer', client: '', granter: UNSPECIFIED };

describe('two gateways that share a pool and nothing else', () => {
  test('RFC 2131 §3.1 (4): the client of another gateway has its address from then on, and is refused by nobody', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);

    await both.broadcast(A.select('10.15.3.20', SECOND));
    await both.broadcast(B.discover(), FIRST);

    expect(both.node(FIRST).bench.store.leases.at(at('10.15.3.20'))).toMatchObject({
      state: 'peer',
      granter: at(SECOND),
    });
    expect(both.replies().filter((reply) => reply.startsWith(FIRST))).toEqual([]);
    expect(both.node(FIRST).bench.record.decisions).toEqual([
      'DHCPREQUEST peer-granted committed',
      'DHCPDISCOVER pool-full',
    ]);
  });

  test('what is heard displaces no lease of this gateway', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    await both.broadcast(A.select('10.15.3.20', FIRST), FIRST);

    await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);

    expect(both.replies()).toEqual([`${FIRST} DHCPACK 10.15.3.20 to ${A.mac}`]);
    expect(both.node(FIRST).bench.store.leases.at(at('10.15.3.20'))).toMatchObject({
      state: 'bound',
      hardware: 0x525400000001,
    });
  });

  test('what a server that is no gateway of this segment grants is not noted', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);

    await both.broadcast(A.select('10.15.3.20', '10.15.3.99'), FIRST);

    expect(both.node(FIRST).bench.store.leases.at(at('10.15.3.20'))).toBeUndefined();
    expect(both.node(FIRST).bench.record.decisions).toEqual(['DHCPREQUEST not-for-us']);
  });

  test('an offer that is heard going to another client is withdrawn, and its client is refused', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    await both.broadcast(A.discover(), FIRST);

    await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);
    await both.clock.pass(60); // No rival's any more: the other gateway has waited for one in vain.
    await both.broadcast(A.select('10.15.3.20', FIRST), FIRST);

    expect(both.replies()).toEqual([
      `${FIRST} DHCPOFFER 10.15.3.20 to ${A.mac}`,
      `${FIRST} DHCPNAK 0.0.0.0 to ${A.mac}`,
    ]);
    expect(both.node(FIRST).bench.record.decisions.at(-1)).toBe('DHCPREQUEST bound-to-another committed');
  });

  test.each([0, 10, 49])('of two rivals %i ms apart the lower server identifier wins', async (apart) => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    both.introduce();
    await both.broadcast(A.discover(), FIRST);
    await both.broadcast(B.discover(), SECOND);
    both.replies();

    await both.broadcast(A.select('10.15.3.20', FIRST));
    await both.clock.pass(apart);
    await both.broadcast(B.select('10.15.3.20', SECOND));
    await both.clock.pass(200);

    expect(both.replies()).toEqual([
      `${FIRST} DHCPACK 10.15.3.20 to ${A.mac}`,
      `${SECOND} DHCPNAK 0.0.0.0 to ${B.mac}`,
    ]);
  });

  test('a rival wins over a client that has just asked the same gateway as the rival does, and in vain', async () => {
    const both = new SharedSegment([FIRST, SECOND]);
    const wanted: PacketOption = [50, ...ip('10.15.3.20')];
    await both.broadcast(A.discover([wanted]), FIRST);
    await both.broadcast(B.select('10.15.3.20', FIRST));
    await both.broadcast(B.discover([wanted]), SECOND);
    both.replies();

    await both.broadcast(B.select('10.15.3.20', SECOND), SECOND);
    await both.broadcast(A.select('10.15.3.20', FIRST));
    await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);
    await both.clock.pass(200);

    expect(both.replies()).toEqual([
      `${FIRST} DHCPACK 10.15.3.20 to ${A.mac}`,
      `${SECOND} DHCPNAK 0.0.0.0 to ${B.mac}`,
    ]);
  });

  test('of two clients that ask a third gateway for one address none is taken for its holder here', async () => {
    const both = new SharedSegment([FIRST, SECOND]);

    await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);
    await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);
    await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);

    const heard = both.node(FIRST).bench.store.leases.at(at('10.15.3.20'));
    expect(heard).toMatchObject({ state: 'peer', client: '', granter: at(SECOND) });
    await both.broadcast(B.discover([[50, ...ip('10.15.3.20')]]), FIRST);
    expect(both.replies().join()).not.toContain('10.15.3.20 ');
  });

  test('a rival that was here first wins though its DHCPREQUEST waits behind its DHCPDISCOVER', async () => {
    const both = new SharedSegment([FIRST, SECOND], { probeMilliseconds: 200 });
    const wanted: PacketOption = [50, ...ip('10.15.3.20')];
    both.introduce();
    await both.broadcast(A.discover([wanted]), FIRST);
    both.node(FIRST).bench.questions[0]?.answer(undefined);
    await both.clock.pass(1);
    await both.broadcast(B.discover([wanted]));
    both.node(SECOND).bench.questions[0]?.answer(undefined);
    await both.clock.pass(1);
    both.replies();

    await both.broadcast(B.select('10.15.3.20', SECOND));
    await both.clock.pass(60);
    const first = both.replies();
    await both.broadcast(A.select('10.15.3.20', FIRST));
    await both.clock.pass(100);

    expect(first).toEqual([`${SECOND} DHCPACK 10.15.3.20 to ${B.mac}`]);
    expect(both.replies()).toEqual([`${FIRST} DHCPNAK 0.0.0.0 to ${A.mac}`]);
  });

  test('the first lease waits for a rival, a renewal does not; alone nothing waits', async () => {
    const both = new SharedSegment([FIRST, SECOND]);
    await both.broadcast(A.select('10.15.3.20', FIRST), FIRST);
    const alone = both.replies();
    both.introduce();
    await both.broadcast(B.select('10.15.3.21', FIRST), FIRST);
    await both.clock.pass(49);
    const before = both.replies();
    await both.clock.pass(1);
    const after = both.replies();
    await both.broadcast(B.select('10.15.3.21', FIRST), FIRST);

    expect(alone).toEqual([`${FIRST} DHCPACK 10.15.3.20 to ${A.mac}`]);
    expect(before).toEqual([]);
    expect(after).toEqual([`${FIRST} DHCPACK 10.15.3.21 to ${B.mac}`]);
    expect(both.replies()).toEqual([`${FIRST} DHCPACK 10.15.3.21 to ${B.mac}`]);
  });

  test('the guest of a gateway that died gets its address from the other one, whatever state it is in', async () => {
    const states = {
      'by DHCPDISCOVER': (guest: Guest) => guest.discover(),
      'RFC 2131 §4.3.2, INIT-REBOOT': (guest: Guest) => guest.reboot('10.15.3.77'),
      'RFC 2131 §4.3.2, REBINDING': (guest: Guest) => guest.extend('10.15.3.77'),
    };
    for (const message of Object.values(states)) {
      const both = new SharedSegment([FIRST, SECOND]);
      await both.broadcast(A.select('10.15.3.77', SECOND), FIRST);

      await both.broadcast(message(A), FIRST);
      await both.clock.pass(600);

      expect(both.replies()).toEqual([
        expect.stringMatching(/^10\.15\.3\.10 DHCP(OFFER|ACK) 10\.15\.3\.77 to 52:54:00:00:00:01$/),
      ]);
    }
  });

  test('RFC 2131 §4.3.2: to an INIT-REBOOT client its granter has half a second to answer first', async () => {
    const both = new SharedSegment([FIRST, SECOND]);
    await both.broadcast(A.select('10.15.3.77', SECOND), FIRST);

    await both.broadcast(A.reboot('10.15.3.77'), FIRST);
    await both.clock.pass(499);
    const before = both.replies();
    await both.clock.pass(1);

    expect(before).toEqual([]);
    expect(both.replies()).toEqual([`${FIRST} DHCPACK 10.15.3.77 to ${A.mac}`]);
  });

  test('a guest that moves from one peer to another leaves one address behind', async () => {
    const three = new SharedSegment([FIRST, SECOND, THIRD]);

    await three.broadcast(A.select('10.15.3.77', SECOND), FIRST);
    await three.broadcast(A.select('10.15.3.78', THIRD), FIRST);

    const { leases } = three.node(FIRST).bench.store;
    expect(leases.at(at('10.15.3.77'))).toMatchObject(LEFT);
    expect(leases.at(at('10.15.3.78'))).toMatchObject({ state: 'peer', granter: at(THIRD) });
  });

  test('a guest that is offered its address again and takes another one leaves it behind too', async () => {
    const three = new SharedSegment([FIRST, SECOND, THIRD]);
    await three.broadcast(A.select('10.15.3.77', SECOND), FIRST);
    await three.broadcast(A.discover(), FIRST);

    await three.broadcast(A.select('10.15.3.78', THIRD), FIRST);

    const { leases } = three.node(FIRST).bench.store;
    expect(three.replies()).toEqual([`${FIRST} DHCPOFFER 10.15.3.77 to ${A.mac}`]);
    expect(leases.at(at('10.15.3.77'))).toMatchObject(LEFT);
    expect(leases.at(at('10.15.3.78'))).toMatchObject({ state: 'peer', granter: at(THIRD) });
    expect(three.node(FIRST).bench.record.decisions.at(-1)).toBe('DHCPREQUEST peer-granted committed');
  });

  test('the address of a silent gateway goes to another client when nothing else is free, after a lease time', async () => {
    const plan = {
      subnet: segment({ ...ONE.subnet, leaseTimes: { default: 3600, minimum: 60, maximum: 43_200 } }),
    };
    const both = new SharedSegment([FIRST, SECOND], plan);
    await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);

    await both.broadcast(B.discover(), FIRST);
    await both.clock.pass(HALF_A_DAY - 1000);
    await both.broadcast(B.discover(), FIRST);
    const before = both.replies();
    await both.clock.pass(2000);
    await both.broadcast(B.discover(), FIRST);

    expect(before).toEqual([]);
    expect(both.replies()).toEqual([`${FIRST} DHCPOFFER 10.15.3.20 to ${B.mac}`]);
  });

  test('RFC 4039 §3.1: rapid commit is refused while others are heard', async () => {
    const both = new SharedSegment([FIRST, SECOND], { rapidCommit: true });
    await both.broadcast(A.discover([[80]]), FIRST);
    const alone = both.replies();
    both.introduce();

    await both.broadcast(B.discover([[80]]), FIRST);

    expect(alone[0]).toContain('DHCPACK');
    expect(both.replies()[0]).toContain('DHCPOFFER');
  });

  test('each gateway that is heard is said once, with what to do', async () => {
    const both = new SharedSegment([FIRST, SECOND]);
    const { log, peers } = both.node(FIRST);

    await both.broadcast(A.select('10.15.3.77', SECOND), FIRST);
    await both.broadcast(B.select('10.15.3.78', SECOND), FIRST);

    expect(log.at('info')).toEqual(['another gateway serves this segment']);
    expect(log.at('warn')).toEqual([]);
    expect(log.lines[0]?.fields).toMatchObject({
      gateway: SECOND,
      remedy: expect.stringContaining('GATEWAY_DHCP_SHARE'),
    });
    expect(peers.problem()?.message).toContain(SECOND);
    await both.clock.pass(25 * 3_600_000);
    peers.check();
    expect(peers.problem()).toBeUndefined();
  });
});
