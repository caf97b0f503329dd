import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { instant, type Lease } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { ListenAddressSearch } from '../../src/server/parts/listen-address-search.ts';
import { replyToText } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { at, planOf, range, segment } from '../support/plan.ts';
import { cards, reservationOf } from '../support/reservations.ts';
import { ServerNode, THERE } from '../support/server-node.ts';

const GONE: ListenAddressSearch = {
  kind: 'waiting',
  message: '10.15.3.10 is on no interface',
  remedy: 'ip addr add 10.15.3.10/24 dev eth0',
};
const GUEST = new Guest('52:54:00:00:00:01');

function leaseOf(address: number): Lease {
  const hardware = hardwareFromText('52:54:00:00:00:01') ?? NO_HARDWARE;
  return {
    address: ipv4(address),
    client: `01525400${address.toString(16)}` as ClientKey,
    hardware,
    granter: UNSPECIFIED,
    state: 'bound',
    expiresAt: instant(Number.MAX_SAFE_INTEGER),
    updatedAt: instant(0),
    version: address - 0x0a0f0300,
    leaseSeconds: 43_200,
  };
}

describe('starting', () => {
  test('a server whose address is there serves at once', async () => {
    const node = new ServerNode();

    await node.server.start();

    expect(await node.hear(GUEST.discover())).toHaveLength(1);
    expect(node.server.status).toMatchObject({
      status: 'serving',
      listenIp: '10.15.3.10',
      interface: 'eth0',
      transport: 'simulated',
      problems: [],
    });
    expect(node.log.at('info')).toContain('serving');
  });

  test("leases of addresses that are no guest's by the settings are named, ten of them, and the others counted", async () => {
    const leases = Array.from({ length: 12 }, (_, index) => leaseOf(0x0a0f0396 + index));
    const isOver = { ...leaseOf(0x0a0f03aa), expiresAt: instant(0) };
    const inPool = leaseOf(0x0a0f0320);
    const excluded = new Set([...leases, isOver].map(({ address }) => address));
    const node = new ServerNode({
      stored: { leases: [...leases, isOver, inPool] },
      planOf: (listen) => planOf({ serverIdentifier: listen.listenIp, subnet: segment({ excluded }) }),
    });

    await node.server.start();

    const [line] = node.log.lines.filter(({ level }) => level === 'warn');
    expect(line?.message).toMatch(/no guest's/);
    expect(line?.fields).toMatchObject({ count: 12, remedy: expect.any(String) });
    expect(line?.fields['about']).toHaveLength(10);
    expect(line?.fields['about']).toContain('10.15.3.150 of 52:54:00:00:00:01');
  });

  test('what is set and does not fit into 548 octets is named', async () => {
    const parameters = new Map([[119, { code: 119, value: new Uint8Array(700) }]]);
    const node = new ServerNode({ planOf: () => planOf({ subnet: segment({ parameters }) }) });

    await node.server.start();

    expect(node.log.lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({
      about: ['domainSearch (option 119)'],
      count: 1,
    });
  });

  test('an address that is not there yet is waited for, and said once a minute with what mends it', async () => {
    const node = new ServerNode();
    node.search = GONE;

    await node.server.start();
    await node.clock.pass(59_000);
    const first = node.log.lines.filter(({ level }) => level === 'warn');
    await node.clock.pass(2000);
    const second = node.log.at('warn');
    const { status, verdict } = node.server.status;
    const problems = node.problems;
    node.search = THERE;
    await node.clock.pass(1000);

    expect(first).toEqual([
      {
        level: 'warn',
        message: 'waiting for the listen address',
        fields: { cause: '10.15.3.10 is on no interface', remedy: 'ip addr add 10.15.3.10/24 dev eth0' },
      },
    ]);
    expect(second).toHaveLength(2);
    expect([status, verdict, problems]).toEqual([
      'waiting',
      'not-served',
      ['10.15.3.10 is on no interface; ip addr add 10.15.3.10/24 dev eth0'],
    ]);
    expect(await node.hear(GUEST.discover())).toHaveLength(1);
  });

  test('an address that is missing and is not to be waited for is an error with its remedy, and leaves no store open', async () => {
    const node = new ServerNode({ waits: false });
    node.search = GONE;

    const start = node.server.start();

    await expect(start).rejects.toMatchObject({
      code: 'listen-ip-missing',
      message: expect.stringContaining('mend'),
    });
    expect(node.store?.closed).toBe(true);
  });

  test('a rival that goes within ten seconds is waited for', async () => {
    const node = new ServerNode();
    node.rival = new GatewayError('rival-server', 'another DHCP server listens on eth0');

    const start = node.server.start();
    await node.clock.pass(9000);
    node.rival = undefined;
    await node.clock.pass(1000);
    await start;

    expect(node.log.at('warn')).toEqual(['waiting for another server to go']);
    expect(node.server.status.status).toBe('serving');
  });

  test('a rival that stays is an error', async () => {
    const node = new ServerNode();
    node.rival = new GatewayError('rival-server', 'another DHCP server listens on eth0');
    const start = node.server.start();
    const failed = expect(start).rejects.toBe(node.rival);

    await node.clock.pass(11_000);

    await failed;
  });

  test('any other fault of the sockets is an error at once', async () => {
    const node = new ServerNode();
    node.rival = new GatewayError('transport-unavailable', 'no right to bind port 67');

    await expect(node.server.start()).rejects.toBe(node.rival);
  });
});

describe('while it runs', () => {
  test('an address that goes is said, and served again when it is back', async () => {
    const node = new ServerNode();
    await node.server.start();

    node.search = GONE;
    await node.clock.pass(1000);
    const { status } = node.server.status;
    const wasClosed = node.transports[0]?.isClosed;
    node.search = THERE;
    await node.clock.pass(1000);

    expect([status, wasClosed]).toEqual(['waiting', true]);
    expect(node.log.at('warn')).toEqual(['the listen address is gone', 'waiting for the listen address']);
    expect(await node.hear(GUEST.discover())).toHaveLength(1);
  });

  test.each([
    ['made anew', { interfaceIndex: 7 }],
    ['of another MTU', { mtu: 1450 }],
  ])('an interface that is %s is opened again, with a new plan', async (_, change) => {
    const plans: number[] = [];
    const node = new ServerNode({
      planOf: (listen) => {
        plans.push(listen.mtu);
        return planOf();
      },
    });
    await node.server.start();

    node.search = { ...THERE, ...change };
    await node.clock.pass(2000);

    expect(node.transports.map((transport) => transport.isClosed)).toEqual([true, false]);
    expect(plans).toHaveLength(2);
    expect(node.log.at('warn')).toEqual(['the interface has changed: opening again']);
    expect(await node.hear(GUEST.discover())).toHaveLength(1);
  });

  test('sockets that have failed are opened anew', async () => {
    const node = new ServerNode();
    await node.server.start();

    node.failure = 'recvmmsg: ENODEV';
    await node.clock.pass(2000);

    expect(node.transports.map((transport) => transport.isClosed)).toEqual([true, false]);
    expect(node.log.at('warn')).toEqual(['the sockets have failed']);
    expect(await node.hear(GUEST.discover())).toHaveLength(1);
  });

  test('interfaces that cannot be looked at for once do no harm', async () => {
    let fails = false;
    const node: ServerNode = new ServerNode({
      findListenAddress: () => {
        if (fails) throw new Error('netlink: ENOBUFS');
        return node.search;
      },
    });
    await node.server.start();

    fails = true;
    await node.clock.pass(1000);
    fails = false;
    await node.clock.pass(1000);

    expect(await node.hear(GUEST.discover())).toHaveLength(1);
    expect(node.transports).toHaveLength(1);
    expect(node.server.status.status).toBe('serving');
  });

  test('leases outlive the sockets, and a commit under way is ended before they are closed', async () => {
    const node = new ServerNode();
    await node.server.start();
    const [offer] = await node.hear(GUEST.discover());
    const address = offer?.split(' ')[1] ?? '';
    node.store?.script({ takes: 300 });
    await node.hear(GUEST.select(address, '10.15.3.10'));

    node.search = GONE;
    await node.clock.pass(1500);
    node.search = THERE;
    await node.clock.pass(1000);

    expect(node.transports[0]?.sent.map(({ bytes }) => replyToText(bytes))).toEqual([
      `DHCPACK ${address} to 52:54:00:00:00:01`,
    ]);
    expect(await node.hear(GUEST.extend(address))).toEqual([`DHCPACK ${address} to 52:54:00:00:00:01`]);
  });

  test('a rival that takes the address meanwhile is told of and tried again', async () => {
    const node = new ServerNode();
    await node.server.start();
    node.search = GONE;
    await node.clock.pass(1000);
    node.rival = new GatewayError('rival-server', 'another DHCP server listens on eth0');
    node.search = THERE;
    await node.clock.pass(20_000);
    const { problems } = node;

    node.rival = undefined;
    await node.clock.pass(1000);

    expect(problems).toEqual(['another DHCP server listens on eth0; it is tried again every second']);
    expect(node.server.status.status).toBe('serving');
  });

  test('house is kept once a second, also when nothing is heard', async () => {
    const node = new ServerNode();
    await node.server.start();

    await node.clock.pass(5000);

    expect(node.store?.idled).toBeGreaterThanOrEqual(5);
  });

  test('a store that fails makes it degraded, with the reason', async () => {
    const node = new ServerNode();
    await node.server.start();

    node.store?.setFailure('SQLITE_FULL: disk is full');
    await node.clock.pass(1000);

    expect(node.server.status).toMatchObject({
      status: 'degraded',
      verdict: 'not-served',
      problems: [{ name: 'store', message: 'leases cannot be stored: SQLITE_FULL: disk is full' }],
    });
    expect(node.log.at('warn')).toEqual(['leases cannot be stored, so none is promised']);
  });

  test('a pool that is nearly full is said once, and so is that it has room again', async () => {
    const pools = [range('10.15.3.20', '10.15.3.29')];
    const leaseTimes = { default: 120, minimum: 120, maximum: 120 };
    const node = new ServerNode({ planOf: () => planOf({ subnet: segment({ pools, leaseTimes }) }) });
    await node.server.start();
    for (let number = 1; number <= 9; number += 1) {
      const guest = new Guest(`52:54:00:00:01:0${number}`);
      const [offer] = await node.hear(guest.discover());
      await node.hear(guest.select(offer?.split(' ')[1] ?? '', '10.15.3.10'));
    }

    await node.clock.pass(5000);
    const { problems, verdict, pool } = node.server.status;
    await node.clock.pass(180_000);

    expect(pool).toMatchObject({ size: 10, leased: 9, left: 1 });
    expect([verdict, problems.map(({ name }) => name)]).toEqual(['served', ['pool-nearly-full']]);
    const told = node.log.lines.filter(({ fields }) => fields['problem'] === 'pool-nearly-full');
    expect(told.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: something is wrong',
      'info: this is well again',
    ]);
  });

  test('a lease file that does not follow is said, once, while leases are given', async () => {
    const node = new ServerNode();
    await node.server.start();
    if (node.store === undefined) throw new Error('no store');

    node.store.trouble = 'SQLITE_FULL: disk is full';
    await node.clock.pass(3000);
    const during = node.server.status;
    node.store.trouble = undefined;
    await node.clock.pass(62_000);

    expect(during).toMatchObject({
      status: 'degraded',
      verdict: 'served',
      problems: [
        { name: 'lease-file', message: 'the lease file does not follow: SQLITE_FULL: disk is full' },
      ],
    });
    expect(node.log.at('warn')).toEqual([
      'the lease file does not follow; leases are given',
      'the lease file follows again',
    ]);
  });

  test('RFC 2131 §4.3.1: a clock that has jumped just now gives no address of a living lease away', async () => {
    const node = new ServerNode();
    await node.server.start();
    const address = (await node.hear(GUEST.discover()))[0]?.split(' ')[1] ?? '';
    await node.hear(GUEST.select(address, '10.15.3.10'));

    node.clock.jump(13 * 3_600_000);
    const wish = [50, ...address.split('.').map(Number)] as const;
    const [offer] = await node.hear(new Guest('52:54:00:00:00:02').discover([wish]));

    expect(offer).toMatch(/^DHCPOFFER /);
    expect(offer).not.toContain(`${address} `);
  });

  test('RFC 2131 §4.3.1: a pool that is full of run-out leases is swept at once, for the client that asks', async () => {
    const small = segment({ pools: [range('10.15.3.20', '10.15.3.22')] });
    const node = new ServerNode({ planOf: () => planOf({ subnet: small }) });
    await node.server.start();
    for (const number of [1, 2, 3]) {
      const guest = new Guest(`52:54:00:00:00:0${number}`);
      const address = (await node.hear(guest.discover()))[0]?.split(' ')[1] ?? '';
      await node.hear(guest.select(address, '10.15.3.10'));
    }
    const late = new Guest('52:54:00:00:00:09');
    const full = await node.hear(late.discover());

    await node.clock.pass(43_199_000);
    node.clock.stall(2000);
    const offers = await node.hear(late.discover());

    expect(full).toEqual([]);
    expect(offers).toHaveLength(1);
    expect(offers[0]).toMatch(/^DHCPOFFER 10\.15\.3\.2[012] to 52:54:00:00:00:09$/);
  });

  test('doubt of the clock outlasts the leases that were given before it', async () => {
    const node = new ServerNode();
    await node.server.start();
    const address = (await node.hear(GUEST.discover()))[0]?.split(' ')[1] ?? '';
    await node.hear(GUEST.select(address, '10.15.3.10'));

    node.clock.jump(365 * 86_400_000);
    await node.clock.pass(2 * 3_600_000);

    expect(node.store?.table.recordAt(at(address))?.state).toBe('bound');
  });

  test('a lease that was given in 2098 ends by its length, once the operator has said that the time is right', async () => {
    const given = leaseOf(at('10.15.3.20'));
    const when = {
      updatedAt: instant(Date.UTC(2098, 0)),
      expiresAt: instant(Date.UTC(2098, 0) + 43_200_000),
    };
    const node = new ServerNode({ stored: { leases: [{ ...given, ...when, version: 1 }] } });
    await node.server.start();
    const state = () => node.store?.table.recordAt(at('10.15.3.20'))?.state;

    const doubted = node.problems;
    node.server.trustClock();
    await node.clock.pass(43_200_000 + 59_000);
    const before = state();
    await node.clock.pass(3000);

    expect(doubted).toEqual([expect.stringMatching(/^the clock is in doubt: it said 2026-/)]);
    expect([before, state()]).toEqual(['bound', 'free']);
    expect(node.server.status.status).toBe('serving');
  });

  test('two reservations of one card make it degraded, by names, until one of them is gone', async () => {
    const node = new ServerNode();
    await node.server.start();
    const macs = cards('52:54:00:00:00:01');
    node.store?.reservations.put(reservationOf('web', '10.15.3.24', { macs, createdAt: instant(1000) }));
    node.store?.reservations.put(reservationOf('shop', '10.15.3.57', { macs, createdAt: instant(2000) }));
    await node.clock.pass(1000);
    const { problems } = node;
    node.store?.reservations.remove('shop' as OutsideId);

    expect(problems).toEqual([
      'one guest has two reservations: the card 52:54:00:00:00:01 is of web (10.15.3.24), which was made first and counts, and of shop (10.15.3.57), which does not; keep one of each two: remove the one that does not count (`vps-gateway reservations remove shop`), or the other one, and it counts',
    ]);
    expect(node.log.lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ problem: 'rival-reservations' }) }),
    );
    expect(node.problems).toEqual([]);
  });

  test('a clock that jumps makes it degraded, until the operator trusts it', async () => {
    const node = new ServerNode();
    await node.server.start();

    node.clock.jump(-86_400_000);
    await node.clock.pass(1000);
    const { problems } = node;
    node.server.trustClock({ author: 'cli:grace', note: 'NTP was down' });

    expect(node.log.lines.at(-1)).toMatchObject({
      message: 'order from outside',
      fields: { order: 'clock trust', author: 'cli:grace', note: 'NTP was down', outcome: 'trusted' },
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^the clock is in doubt: it jumped by 24 hours back, to 2025-12-31T00:00:01Z; .*clock trust/,
      ),
    ]);
    expect(node.server.status.status).toBe('serving');
  });

  test.each([
    ['overflow', (node: ServerNode) => (node.lost = 5)],
    [
      'carrier',
      async (node: ServerNode) => {
        node.hasCarrier = false;
        await node.clock.pass(1000);
        node.hasCarrier = true;
      },
    ],
    ['stall', (node: ServerNode) => node.clock.stall(2000)],
  ])('what may have been missed is noted: %s', async (reason, happen) => {
    const node = new ServerNode();
    await node.server.start();
    await node.clock.pass(1000);

    await happen(node);
    await node.clock.pass(1000);

    const marks = node.log.lines.filter(({ message }) => message.startsWith('something on the segment'));
    expect(marks.map(({ fields }) => fields['reason'])).toEqual([reason]);
  });

  test('a lease that has run out is freed, and counted by its state', async () => {
    const node = new ServerNode();
    await node.server.start();
    const [offer] = await node.hear(GUEST.discover());
    await node.hear(GUEST.select(offer?.split(' ')[1] ?? '', '10.15.3.10'));
    const before = node.server.status.leases;

    node.clock.stall(43_200_000);
    await node.clock.pass(2000);

    expect(before).toMatchObject({ bound: 1, free: 0 });
    expect(node.server.status.leases).toMatchObject({ bound: 0, free: 1 });
  });
});

describe('stopping', () => {
  test('the batch is finished, then sockets and store are closed', async () => {
    const node = new ServerNode();
    await node.server.start();
    const [offer] = await node.hear(GUEST.discover());
    node.store?.script({ takes: 300 });
    await node.hear(GUEST.select(offer?.split(' ')[1] ?? '', '10.15.3.10'));

    const stopped = node.server.stop();
    await node.clock.pass(300);
    await stopped;

    expect(node.transport.sent).toHaveLength(1);
    expect(node.transport.isClosed).toBe(true);
    expect(node.store?.closed).toBe(true);
    expect(node.clock.pending).toBe(0);
    expect(node.server.status.status).toBe('stopped');
  });

  test('a commit that hangs is not waited for longer than the better part of a second', async () => {
    const node = new ServerNode();
    await node.server.start();
    const [offer] = await node.hear(GUEST.discover());
    node.store?.script({ takes: 10_000 });
    await node.hear(GUEST.select(offer?.split(' ')[1] ?? '', '10.15.3.10'));

    void node.server.stop();
    await node.clock.pass(700);

    expect(node.transport.isClosed).toBe(true);
    expect(node.transport.sent).toEqual([]);
  });

  test('a server that waits stops too', async () => {
    const node = new ServerNode();
    node.search = GONE;
    await node.server.start();

    await node.server.stop();

    expect(node.clock.pending).toBe(0);
  });
});
