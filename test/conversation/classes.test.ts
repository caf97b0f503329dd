import { describe, expect, test } from 'vitest';
import { SET_LIMIT } from '../../src/engine/reply/class-terms.ts';
import { optionOf } from '../support/conversation.ts';
import { Guest, type GuestHabits } from '../support/guest.ts';
import { ip, text, u16, u32 } from '../support/packet.ts';
import { at } from '../support/plan.ts';
import { conversationBy } from '../support/policy.ts';
import { cards, reservationOf } from '../support/reservations.ts';

const MAC = '52:54:00:00:00:01';

/** The value of an option in what a guest is offered by a file. */
function offered(file: string, code: number, habits: GuestHabits = {}, mac = MAC): number[] | undefined {
  const { bytes, reason } = conversationBy(file).hear(new Guest(mac, habits).discover());
  if (bytes === undefined) throw new Error(`no offer: ${reason}`);
  return optionOf(bytes, code);
}

describe('options of the segment', () => {
  const FILE = 'options: {log_servers: 10.15.3.2, 224: {value: hex:0102, always: true}, 225: hex:03}';

  test('RFC 2131 §4.3.1: are sent to who asks for them, and to who asks for nothing in particular', () => {
    expect(offered(FILE, 7, { requestList: [1, 7] })).toEqual(ip('10.15.3.2'));
    expect(offered(FILE, 7, { requestList: [1, 3] })).toBeUndefined();
    expect(offered(FILE, 225, { requestList: [225] })).toEqual([3]);
    expect(offered(FILE, 225)).toEqual([3]);
  });

  test('are sent to everybody where the file says always', () => {
    expect(offered(FILE, 224, { requestList: [1, 3] })).toEqual([1, 2]);
  });
});

describe('a class', () => {
  const by = (match: string) => `classes: [{name: one, match: {${match}}, options: {224: hex:01}}]`;
  const ask = { requestList: [224] };

  test.each<[string, GuestHabits]>([
    ['vendor_class: udhcp*', { options: [[60, ...text('udhcp 1.36')]] }],
    ['vendor_class: [MSFT 5.0, udhcp]', { options: [[60, ...text('MSFT 5.0')]] }],
    ['vendor_class: MSFT 5.0', { options: [[60, ...text('MSFT 5.0'), 0]] }],
    ['vendor_class: "hex:0001*"', { options: [[60, 0, 1, 2]] }],
    ['user_class: iPXE', { options: [[77, ...text('iPXE')]] }],
    ['user_class: blue', { options: [[77, 3, ...text('red'), 4, ...text('blue')]] }],
    ['architecture: uefi_x64', { options: [[93, ...u16(7)]] }],
    ['architecture: [0, 11]', { options: [[93, ...u16(6), ...u16(11)]] }],
    ['circuit_id: rack1*', { relay: '10.15.3.5', relayInformation: [1, 7, ...text('rack1/4')] }],
    ['remote_id: hex:aabb', { relay: '10.15.3.5', relayInformation: [1, 1, 0, 2, 2, 0xaa, 0xbb] }],
    ['mac: "52:54:00"', {}],
    ['mac: ["bc:24:11", "52:54:00:00:00:01"]', {}],
    ['mac: "52", vendor_class: a', { options: [[60, ...text('a')]] }],
  ])('RFC 2132 §9.13, RFC 3004 §4, RFC 3046 §3.1: has the client that shows %s', (match, habits) => {
    expect(offered(by(match), 224, { ...habits, ...ask })).toEqual([1]);
  });

  test.each<[string, GuestHabits]>([
    ['vendor_class: udhcp', { options: [[60, ...text('udhcp 1.36')]] }],
    ['vendor_class: udhcp*', {}],
    ['vendor_class: udhcp*', { options: [[60, ...text('udhc')]] }],
    ['user_class: blue', { options: [[77, 3, ...text('red'), 5, ...text('bluer')]] }],
    ['user_class: red', { options: [[77, 0, 3, ...text('red')]] }],
    ['architecture: bios', { options: [[93, ...u16(7)]] }],
    ['architecture: bios', { options: [[93, 0]] }],
    ['circuit_id: rack1*', {}],
    ['circuit_id: rack1*', { relay: '10.15.3.5', relayInformation: [2, 5, ...text('rack1')] }],
    ['mac: "52:54:01"', {}],
    ['mac: "52", vendor_class: a', { options: [[60, ...text('b')]] }],
  ])('has no client that does not show %s', (match, habits) => {
    expect(offered(by(match), 224, { ...habits, ...ask })).toBeUndefined();
  });

  const SEVERAL = [
    'options: {224: hex:00, 225: hex:00, 226: hex:00}',
    'classes:',
    '  - {name: one, match: {mac: "52:54:00:00:00:01"}, lease_time: 1h, options: {224: hex:01}}',
    '  - {name: two, match: {mac: "52"}, lease_time: 2h, options: {224: hex:02, 225: {value: hex:02, always: true}}}',
  ].join('\n');

  test('says more than the segment; of two classes that say the same the first one counts, and what only one says counts too', () => {
    const list = { requestList: [51, 224, 225, 226] };

    expect([224, 225, 226].map((code) => offered(SEVERAL, code, list)?.[0])).toEqual([1, 2, 0]);
    expect(offered(SEVERAL, 51, list)).toEqual(u32(3600));
    expect([224, 225, 226].map((code) => offered(SEVERAL, code, list, '52:54:00:00:00:02')?.[0])).toEqual([
      2, 2, 0,
    ]);
    expect([224, 225, 226].map((code) => offered(SEVERAL, code, list, '02:00:00:00:00:02')?.[0])).toEqual([
      0, 0, 0,
    ]);
    expect(offered(SEVERAL, 51, list, '02:00:00:00:00:02')).toEqual(u32(43_200));
    expect(offered(SEVERAL, 225, { requestList: [1] })).toEqual([2]);
    expect(offered(SEVERAL, 225, { requestList: [1] }, '02:00:00:00:00:02')).toBeUndefined();
  });

  test("a guest's reservation says more than its classes", () => {
    const conversation = conversationBy(SEVERAL);
    const { reservations } = conversation.store;
    const own = { macs: cards(MAC), options: { 225: 'hex:09' }, leaseTime: 600 };
    reservations.put(reservationOf('a', '10.15.3.50', own));
    conversation.plan = { ...conversation.plan, subnet: { ...conversation.plan.subnet, reservations } };

    const { bytes } = conversation.hear(new Guest(MAC, { requestList: [51, 224, 225, 226] }).discover());

    expect([224, 225, 226].map((code) => optionOf(bytes, code)?.[0])).toEqual([1, 9, 0]);
    expect(optionOf(bytes, 51)).toEqual(u32(600));
  });

  test('with answer: never gets no answer, but what ends a lease is taken', () => {
    const open = conversationBy('');
    const guest = new Guest(MAC);
    const { address } = open.hear(guest.discover());
    open.hear(guest.select(address, '10.15.3.10'));
    open.plan = conversationBy('classes: [{name: no, match: {mac: "52:54"}, answer: never}]').plan;

    expect(open.hear(guest.discover()).reason).toBe('refused-by-class');
    expect(open.hearUnicast(guest.extend(address), address).reason).toBe('refused-by-class');
    expect(open.hear(guest.select(address, '10.15.3.11')).reason).not.toBe('refused-by-class');
    expect(open.hearUnicast(guest.release(address, '10.15.3.10'), address).reason).toBe('released');
    expect(open.at(address)?.state).toBe('free');
    expect(open.hear(new Guest('02:00:00:00:00:01').discover()).outcome).toContain('DHCPOFFER');
  });

  test('with answer: always, before one with answer: never, lets its clients in', () => {
    const FILE =
      'classes: [{name: yes, match: {mac: "52:54"}, answer: always}, {name: no, match: {mac: "52"}, answer: never}]';

    expect(conversationBy(FILE).hear(new Guest(MAC).discover()).outcome).toContain('DHCPOFFER');
    expect(conversationBy(FILE).hear(new Guest('52:00:00:00:00:01').discover()).outcome).toBe('silence');
  });

  test('RFC 2131 §4.4.5: may have times of renewing and rebinding of its own', () => {
    const FILE =
      'classes: [{name: a, match: {mac: "52"}, lease_time: 1000, renewal_time: 100, rebinding_time: 60%}]';
    const list = { requestList: [58, 59] };

    const [t1, t2] = [58, 59].map((code) =>
      Number(`0x${Buffer.from(offered(FILE, code, list) ?? []).toString('hex')}`),
    );

    expect(t1).toBeGreaterThanOrEqual(90);
    expect(t1).toBeLessThanOrEqual(100);
    expect(t2).toBeGreaterThanOrEqual(590);
    expect(t2).toBeLessThanOrEqual(600);
  });

  test('RFC 2131 §4.4.5: so may a reservation, whose times count before those of classes', () => {
    const conversation = conversationBy(
      'classes: [{name: a, match: {mac: "52"}, renewal_time: 100, rebinding_time: 60%}]',
    );
    const { reservations } = conversation.store;
    reservations.put(
      reservationOf('a', '10.15.3.50', {
        macs: cards(MAC),
        options: { renewalTime: '20', rebindingTime: '50' },
        leaseTime: 60,
      }),
    );
    conversation.plan = { ...conversation.plan, subnet: { ...conversation.plan.subnet, reservations } };

    const { bytes } = conversation.hear(new Guest(MAC, { requestList: [58, 59] }).discover());

    const [t1 = 0, t2 = 0] = [58, 59].map((code) => optionOf(bytes, code)?.[3]);
    expect([t1 >= 18 && t1 <= 20, t2 >= 48 && t2 <= 50]).toEqual([true, true]);
    expect(optionOf(bytes, 51)).toEqual(u32(60));
  });

  test('of which there are many takes a bounded memory, whatever sets of them guests are of', () => {
    const classes = Array.from(
      { length: 12 },
      (_, bit) => `  - {name: c${bit}, match: {architecture: ${bit}}, options: {${224 + bit}: hex:01}}`,
    );
    const conversation = conversationBy(`classes:\n${classes.join('\n')}`);
    for (let set = 0; set < 2 * SET_LIMIT; set += 1) {
      const bits = Array.from({ length: 12 }, (_, bit) => bit).filter((bit) => ((set >> bit) & 1) === 1);
      const guest = new Guest(MAC, {
        requestList: bits.map((bit) => 224 + bit),
        options: [[93, ...bits.flatMap(u16)]],
      });
      const { bytes } = conversation.hear(guest.discover());
      for (let bit = 0; bit < 12; bit += 1)
        expect(optionOf(bytes, 224 + bit)?.[0] ?? 0).toBe((set >> bit) & 1);
    }
    expect(at('10.15.3.20')).toBeDefined();
  });
});
