import { describe, expect, test } from 'vitest';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip, text, u32 } from '../support/packet.ts';
import { at, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const ADA = '52:54:00:00:00:01';
const BEN = '52:54:00:00:00:02';

function lease(conversation: Conversation, guest: Guest): string {
  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, SERVER));
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  return ack.address;
}

test('RFC 2131 §3.1: a DHCPDISCOVER is offered an address of the pool, and the DHCPREQUEST for it is acknowledged', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);

  const offer = conversation.hear(guest.discover());
  const ack = conversation.hear(guest.select(offer.address, SERVER));

  expect(offer.outcome).toMatch(/^DHCPOFFER 10\.15\.3\.\d+$/);
  expect(offer.reason).toBe('offered');
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  expect(ack.reason).toBe('bound');
  expect(optionOf(ack.bytes, 54)).toEqual(ip(SERVER));
  expect(optionOf(ack.bytes, 51)).toEqual(u32(43_200));
  expect(conversation.at(ack.address)).toMatchObject({
    state: 'bound',
    expiresAt: conversation.now + 43_200_000,
    leaseSeconds: 43_200,
  });
});

test('RFC 2131 §4.3.1: an offer is no lease: nothing is to be made durable for it', () => {
  const conversation = new Conversation();

  const { decision } = conversation.hear(new Guest(ADA).discover());

  expect(decision.kind === 'reply' && decision.change?.kind).toBe('offer');
});

test('RFC 2131 §4.3.1: a DHCPDISCOVER that is sent again gets the same offer', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);

  const first = conversation.hear(guest.discover());
  conversation.pass(4);
  const second = conversation.hear(guest.discover());

  expect(second.reason).toBe('offered-again');
  expect(second.bytes).toEqual(first.bytes);
});

test('RFC 2131 §4.3.2: a DHCPREQUEST that is sent again gets the same DHCPACK', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);
  const { address } = conversation.hear(guest.discover());

  const first = conversation.hear(guest.select(address, SERVER));
  const second = conversation.hear(guest.select(address, SERVER));

  expect(second.outcome).toBe(`DHCPACK ${address}`);
  expect(second.bytes).toEqual(first.bytes);
});

test('RFC 2131 §4.3.1: two clients are never offered one address while one in four of the free ones suffices', () => {
  const conversation = new Conversation();
  const addresses = new Set<string>();

  for (let index = 0; index < 58; index += 1) {
    const mac = `52:54:00:00:01:${index.toString(16).padStart(2, '0')}`;
    addresses.add(conversation.hear(new Guest(mac).discover()).address);
  }

  expect(addresses.size).toBe(58);
  expect(addresses.has('')).toBe(false);
});

test('RFC 2131 §4.3.1: a client with a binding is offered its current address', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);
  const address = lease(conversation, guest);

  const offer = conversation.hear(guest.discover([[50, ...ip('10.15.3.77')]]));

  expect(offer.outcome).toBe(`DHCPOFFER ${address}`);
  expect(offer.decision.kind === 'reply' && offer.decision.change).toBeUndefined();
});

test('RFC 2131 §4.3.1: a client whose lease has run out is offered its previous address', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);
  const address = lease(conversation, guest);

  conversation.pass(43_201);

  expect(conversation.hear(guest.discover()).address).toBe(address);
});

test('RFC 2131 §4.3.1: the requested address is offered if it is free', () => {
  const conversation = new Conversation();

  expect(conversation.hear(new Guest(ADA).discover([[50, ...ip('10.15.3.77')]])).address).toBe('10.15.3.77');
});

test.each([
  ['the router', '10.15.3.1'],
  ['a gateway', '10.15.3.11'],
  ['the network address', '10.15.3.0'],
  ['the broadcast address', '10.15.3.255'],
  ['another network', '192.168.1.5'],
  ['link-local (RFC 3927)', '169.254.10.10'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
])('RFC 2131 §4.3.1: %s is never offered, whatever option 50 asks for', (_what, wanted) => {
  const conversation = new Conversation();

  const offer = conversation.hear(new Guest(ADA).discover([[50, ...ip(wanted)]]));

  const last = Number(offer.address.split('.')[3]);
  expect(offer.address).toMatch(/^10\.15\.3\./);
  expect(last).toBeGreaterThanOrEqual(20);
  expect(last).toBeLessThanOrEqual(254);
});

test('RFC 2131 §4.3.1: the address of another client is not offered, though it is asked for', () => {
  const conversation = new Conversation();
  const address = lease(conversation, new Guest(ADA));

  const offer = conversation.hear(new Guest(BEN).discover([[50, ...ip(address)]]));

  expect(offer.outcome).toMatch(/^DHCPOFFER/);
  expect(offer.address).not.toBe(address);
});

test('an empty store gives a client the address that it had from the one before', () => {
  const before = lease(new Conversation(), new Guest(ADA));

  expect(lease(new Conversation(), new Guest(ADA))).toBe(before);
});

test('RFC 2131 §3.1: a REQUEST that names another server is met by silence, and frees our offer at once', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);
  const { address } = conversation.hear(guest.discover());

  const answer = conversation.hear(guest.select('10.15.3.99', '10.15.3.11'));

  expect(answer.outcome).toBe('silence');
  expect(answer.reason).toBe('offer-withdrawn');
  expect(conversation.at(address)).toBeUndefined();
});

test('RFC 2131 §4.3.2: a REQUEST that names another server changes no binding', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);
  const address = lease(conversation, guest);

  const answer = conversation.hear(guest.select('10.15.3.99', '10.15.3.11'));

  expect(answer.reason).toBe('not-for-us');
  expect(conversation.at(address)?.state).toBe('bound');
});

test('RFC 2131 §4.3.2: an offer that was forgotten by a restart is still granted while its address is free', () => {
  const conversation = new Conversation();

  expect(conversation.hear(new Guest(ADA).select('10.15.3.50', SERVER)).outcome).toBe('DHCPACK 10.15.3.50');
});

test('RFC 4039 §3.1: rapid commit binds and acknowledges at once, if it is switched on and asked for', () => {
  const asking = [[80]] as const;
  const on = new Conversation({ rapidCommit: true }).hear(new Guest(ADA).discover(asking));
  const off = new Conversation().hear(new Guest(ADA).discover(asking));
  const notAsked = new Conversation({ rapidCommit: true }).hear(new Guest(ADA).discover());

  expect(on.outcome).toMatch(/^DHCPACK/);
  expect(on.decision.kind === 'reply' && on.decision.change?.kind).toBe('binding');
  expect(optionOf(on.bytes, 80)).toEqual([]);
  expect(off.outcome).toMatch(/^DHCPOFFER/);
  expect(notAsked.outcome).toMatch(/^DHCPOFFER/);
});

test('RFC 1534 §2: a BOOTP client is met by silence unless the operator has switched it on', () => {
  expect(new Conversation().hear(new Guest(ADA).bootp()).reason).toBe('bootp-off');
});

test('RFC 1534 §2: a BOOTP client gets an address without end, without DHCP options, in 300 octets (RFC 951 §3)', () => {
  const conversation = new Conversation({ bootp: true });

  const answer = conversation.hear(new Guest(ADA).bootp());

  expect(answer.outcome).toMatch(/^BOOTREPLY 10\.15\.3\./);
  expect(answer.bytes?.length).toBe(300);
  for (const code of [51, 53, 54, 58, 59]) expect(optionOf(answer.bytes, code)).toBeUndefined();
  conversation.pass(10 * 365 * 86_400);
  expect(conversation.hear(new Guest(ADA).bootp()).address).toBe(answer.address);
  expect(conversation.hear(new Guest(BEN).discover([[50, ...ip(answer.address)]])).address).not.toBe(
    answer.address,
  );
});

test('RFC 2131 §4.3: messages of servers and of unknown types are met by silence', () => {
  const conversation = new Conversation();
  const guest = new Guest(ADA);

  expect(conversation.hear(guest.message('DHCPOFFER', {}, [])).reason).toBe('not-a-request');
  expect(conversation.hear(guest.message('DHCPACK', {}, [])).reason).toBe('not-a-request');
  expect(conversation.hear(guest.message('DHCPNAK', {}, [])).reason).toBe('not-a-request');
  expect(conversation.hear(guest.message('DHCPDISCOVER', { op: 2 }, [])).reason).toBe('not-a-request');
  expect(conversation.hear(guest.message('DHCPDISCOVER', { options: [[53, 99]] }, [])).reason).toBe(
    'unknown-type',
  );
});

describe('while nothing can be stored', () => {
  /** A guest with an hour's lease, a quarter of which is over when the disk is full. */
  function quarterGone() {
    const leaseTimes = { default: 3600, minimum: 60, maximum: 3600 };
    const conversation = new Conversation({ subnet: segment({ leaseTimes }), probeMilliseconds: 300 });
    const guest = new Guest(ADA);
    const address = lease(conversation, guest);
    const asked = conversation.at(address)?.expiresAt ?? 0;
    conversation.pass(900);
    conversation.store.setFailure('disk full');
    return { conversation, guest, address, left: () => Math.floor((asked - conversation.now) / 1000) };
  }
  const seconds = (answer: { readonly bytes: Uint8Array | undefined }) =>
    (optionOf(answer.bytes, 51) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);

  test('nothing new is promised', () => {
    const { conversation } = quarterGone();

    expect(conversation.hear(new Guest(BEN).discover()).reason).toBe('cannot-promise');
  });

  test.each(['RENEWING', 'REBINDING', 'INIT-REBOOT'])(
    '%s is answered with what is left of the lease, and nothing is stored',
    (state) => {
      const { conversation, guest, address, left } = quarterGone();
      const before = conversation.at(address);

      const answer =
        state === 'RENEWING'
          ? conversation.hearUnicast(guest.extend(address), address)
          : conversation.hear(state === 'REBINDING' ? guest.extend(address) : guest.reboot(address));

      expect([answer.reason, answer.outcome]).toEqual(['as-committed', `DHCPACK ${address}`]);
      expect(seconds(answer)).toBeLessThanOrEqual(2700);
      expect(seconds(answer)).toBeGreaterThanOrEqual(left());
      expect(answer.asked).toEqual([address]);
      expect(conversation.at(address)).toEqual(before);
    },
  );

  test('of a lease that another gateway granted, whose clock may be ahead, the grace is not promised', () => {
    const { conversation, guest, address, left } = quarterGone();
    const before = conversation.at(address);
    if (before === undefined) throw new Error('no lease');
    conversation.store.setFailure(undefined);
    const { client, hardware, state, expiresAt, version } = before;
    const next = { client, hardware, state, expiresAt, granter: at('10.15.3.11') };
    const writes = [{ address: at(address), expectedVersion: version, next }];
    const change = {
      kind: 'binding',
      client,
      expectedBindingVersion: version,
      writes,
      at: conversation.now,
    } as const;
    conversation.store.applyForeign({ ...change, reason: 'renewed' });
    conversation.store.setFailure('disk full');
    conversation.context = { clusterPeers: { live: new Set(), graceMilliseconds: 60_000 } };

    const answer = conversation.hear(guest.extend(address));
    conversation.pass(left() - 100);

    expect(answer.reason).toBe('as-committed');
    expect(seconds(answer)).toBeLessThanOrEqual(2700 - 60);
    expect(conversation.hear(guest.extend(address)).reason).toBe('cannot-promise');
  });

  test('a lease with less than a minute left, or whose address another machine answers for, is not', () => {
    const { conversation, guest, address } = quarterGone();
    conversation.holders.set(address, BEN);
    const beside = conversation.hear(guest.extend(address)).reason;
    conversation.holders.delete(address);
    conversation.pass(2650);

    expect([beside, conversation.hear(guest.extend(address)).reason]).toEqual([
      'cannot-promise',
      'cannot-promise',
    ]);
  });
});

test('RFC 1534 §2: a lease by DHCP becomes one without end when its client asks by BOOTP', () => {
  const conversation = new Conversation({ bootp: true });
  const guest = new Guest(ADA);
  const address = lease(conversation, guest);

  expect(conversation.hear(guest.bootp()).outcome).toBe(`BOOTREPLY ${address}`);

  conversation.pass(10 * 365 * 86_400);
  expect(conversation.hear(new Guest(BEN).discover([[50, ...ip(address)]])).address).not.toBe(address);
});

test('a place by hash is not taken from the client that had it last, while nobody has had another', () => {
  const conversation = new Conversation();
  const first = Array.from({ length: 100 }, (_, index) => new Guest(`52:54:00:00:0a:${hex(index)}`));
  const addresses = first.map((guest) => lease(conversation, guest));
  conversation.pass(50_000);
  for (let index = 0; index < 60; index += 1) lease(conversation, new Guest(`52:54:00:00:0b:${hex(index)}`));

  expect(first.map((guest) => conversation.hear(guest.discover()).address)).toEqual(addresses);
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

test.each([
  ['option 12', [[12, ...text('web1')]], 'web1'],
  ['RFC 4702 §3.1: option 81, where there is no option 12', [[81, 4, 0, 0, 4, ...text('web2'), 0]], 'web2'],
  ['option 12 in UTF-8', [[12, ...text('Jürgens-PC')]], 'Jürgens-PC'],
  [
    'option 12, twice',
    [
      [12, ...text('web3')],
      [12, ...text('web3')],
    ],
    'web3',
  ],
  ['option 81 with E set, and ASCII as printers send it', [[81, 4, 0, 0, ...text('NPI1A2B')]], 'NPI1A2B'],
  ['option 12 with what would steer a terminal', [[12, ...text('a\u001b[2Jé\u202e')]], 'a?[2Jé?'],
] as const)('the name of a guest is kept with its lease: %s', (_what, options, name) => {
  const conversation = new Conversation();
  const guest = new Guest(ADA, { options: [...options] });
  const { address } = conversation.hear(guest.discover());

  const { decision } = conversation.hear(guest.select(address, SERVER));

  const change = decision.kind === 'reply' ? decision.change : undefined;
  expect(change?.writes[0]?.next).toMatchObject({ state: 'bound', hostname: name });
});
