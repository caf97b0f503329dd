import { describe, expect, test } from 'vitest';
import { decide } from '../../src/engine/decide.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { instant, type Lease, NEVER } from '../../src/lease/lease.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { Status } from '../../src/reporting/status.ts';
import { Server } from '../../src/server/server.ts';
import type { HeardSelection } from '../../src/store/lease-store.ts';
import { hardware } from '../store/changes.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { type MemoryStore, memoryStore } from '../support/memory-store.ts';
import { at, planOf } from '../support/plan.ts';
import { SimulatedSegment, SimulatedTransport } from '../support/simulated-transport.ts';

const SELF = '10.15.3.10';
const PEER = at('10.15.3.11');
const FIRST = at('10.15.3.20');
const GUEST = new Guest('52:54:00:00:00:01');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What the status says of a peer. */
const NAMED = [expect.stringContaining('10.15.3.11')];

/** The gateway of a node, life after life: what is stored is all that outlives a process. */
class Node {
  readonly clock = new FakeClock();
  readonly log = new LogLines();
  peers: ReadonlySet<Ipv4> = new Set([PEER]);
  isThere = true;
  leases: readonly Lease[] = [];
  lastHeard: ReadonlyMap<Ipv4, number> = new Map();
  heardSelections: readonly HeardSelection[] = [];
  #store: MemoryStore | undefined;
  #server: Server | undefined;
  #transport = new SimulatedTransport();

  get store(): MemoryStore {
    if (this.#store === undefined) throw new Error('the server has not been started');
    return this.#store;
  }

  get status(): Status | undefined {
    return this.#server?.status;
  }

  get problems(): readonly string[] {
    return (this.#server?.status.problems ?? []).map(({ message }) => message);
  }

  async start(): Promise<void> {
    const { clock, log, leases, lastHeard, heardSelections } = this;
    this.#server = new Server({
      clock,
      log,
      decide,
      seed: 4711,
      openStore: (inFlight) => {
        this.#store = memoryStore({ leases, lastHeard, heardSelections, inFlight, clock });
        return this.#store;
      },
      findListenAddress: () =>
        this.isThere
          ? {
              kind: 'found',
              interfaceName: 'eth0',
              interfaceIndex: 2,
              listenIp: at(SELF),
              prefixLength: 24,
              mtu: 1500,
              warning: undefined,
            }
          : { kind: 'waiting', message: 'it is on no interface', remedy: 'ip addr add' },
      openMedium: () => {
        const transport = new SimulatedTransport();
        this.#transport = transport;
        const arp = new SimulatedSegment();
        arp.holders.set(PEER, hardware(2));
        return { transport, arp, lost: () => 0, close: () => transport.close() };
      },
      planOf: () => planOf({ peers: this.peers }),
      waits: true,
    });
    await this.#server.start();
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.lastHeard = this.store.lastHeard;
  }

  /** Its process ends at once, and another begins with what is stored. */
  async crash(): Promise<void> {
    const { table, lastHeard, heardSelections } = this.store;
    this.leases = [...table.records()];
    Object.assign(this, { lastHeard, heardSelections });
    await this.start();
  }

  /** A guest takes an address from another gateway. */
  async hear(server = '10.15.3.11', address = '10.15.3.77', guest = GUEST): Promise<void> {
    await this.receive(guest.select(address, server));
  }

  async receive(bytes: Uint8Array): Promise<void> {
    this.#transport.put(bytes);
    this.#transport.deliver();
    await settle();
  }

  /** The client that has the first address renews it for so many seconds. */
  confirm(seconds: number): void {
    const at = this.clock.now();
    const { address, client, version, ...lease } = this.store.table.recordAt(FIRST) ?? leaseFor(0);
    const next = { ...lease, client, expiresAt: instant(at + seconds * 1000) };
    this.store.applyForeign({
      ...{ kind: 'binding', client, expectedBindingVersion: version, at, reason: 'renewed' },
      writes: [{ address, expectedVersion: version, next }],
    });
  }

  /** What its records say of the first address: `peer 015254... 10.15.3.11`. */
  get first(): string {
    const { state, client, granter } = this.store.table.recordAt(FIRST) ?? leaseFor(0);
    return [state, client, ipv4ToText(granter)].join(' ');
  }
}

/** A lease of this gateway's own, until so long after the beginning. */
function leaseFor(milliseconds: number): Lease {
  const begin = Date.UTC(2026, 0, 1);
  return {
    address: FIRST,
    client: keyOfIdentifier(Uint8Array.of(1, 1)),
    hardware: NO_HARDWARE,
    granter: UNSPECIFIED,
    state: 'bound',
    expiresAt: instant(begin + milliseconds),
    updatedAt: instant(begin),
    leaseSeconds: 0,
    version: 1,
  };
}

describe('a gateway that starts again', () => {
  test.each([
    ['has heard another before', 'peer', new Map([[PEER, 0]])],
    ['has heard none', 'free', new Map()],
  ])('and %s: its lease that runs out becomes %s', async (_, state, lastHeard) => {
    const node = new Node();
    node.leases = [leaseFor(1000)];
    node.lastHeard = lastHeard;

    await node.start();
    await node.clock.pass(3000);

    expect(node.store.table.recordAt(FIRST)?.state).toBe(state);
  });

  test('names whom it has heard before, in the status and the log', async () => {
    const node = new Node();
    await node.start();
    await node.hear();
    await node.clock.pass(1000);
    await node.stop();

    await node.start();

    expect(node.problems).toEqual(NAMED);
    const told = node.log.at('info').filter((line) => line.startsWith('another gateway'));
    expect(told).toEqual([
      'another gateway serves this segment',
      'another gateway was heard on this segment before the start',
    ]);
    expect(node.log.at('warn')).toEqual([]);
  });

  test('which hears another one serves, with a note that makes no verdict worse', async () => {
    const node = new Node();
    await node.start();
    await node.hear();
    await node.clock.pass(1000);

    expect(node.status).toMatchObject({
      status: 'serving',
      verdict: 'served',
      problems: [{ name: 'peers', isNote: true, remedy: expect.stringMatching(/ETCD.*GATEWAY_DHCP_SHARE/) }],
    });
  });

  test('after a crash knows whom it has heard up to a second before', async () => {
    const node = new Node();
    await node.start();
    await node.hear();
    await node.clock.pass(1000);
    node.lastHeard = node.store.lastHeard;

    await node.start();

    expect(node.problems).toEqual(NAMED);
  });

  test('leaves alone what is stored as long as it waits for its address', async () => {
    const node = new Node();
    node.lastHeard = new Map([[PEER, 0]]);
    node.isThere = false;
    await node.start();
    await node.clock.pass(2000);
    await node.stop();
    node.isThere = true;

    await node.start();

    expect(node.problems).toEqual(NAMED);
  });

  test('whose file was moved to where that one was knows of none', async () => {
    const node = new Node();
    node.lastHeard = new Map([[PEER, 0]]);
    node.peers = new Set([at('10.15.3.12')]);

    await node.start();
    await node.clock.pass(1000);
    const { problems } = node;
    await node.stop();

    expect(problems).toEqual([]);
    expect(node.lastHeard).toEqual(new Map());
  });
});

describe('how long a gateway that was heard counts', () => {
  test('after a start it counts for another lease at the least', async () => {
    const node = new Node();
    node.lastHeard = new Map([[PEER, DAY - HOUR]]);

    await node.start();
    await node.clock.pass(DAY);

    expect(node.problems).toEqual(NAMED);
  });

  test('one that is out of service is forgotten, however often this one starts again', async () => {
    const node = new Node();
    await node.start();
    await node.hear();
    const known: boolean[] = [];
    for (let night = 0; night < 4; night += 1) {
      await node.clock.pass(20 * HOUR);
      known.push(node.problems.length > 0);
      await node.stop();
      await node.start();
    }

    expect(known).toEqual([true, true, false, false]);
    expect(node.store.lastHeard).toEqual(new Map());
  });

  test('the time in which this one did not run is not silence', async () => {
    const node = new Node();
    await node.start();
    await node.hear();
    await node.stop();
    await node.clock.pass(30 * DAY);

    await node.start();
    await node.clock.pass(1000);

    expect(node.problems).toEqual(NAMED);
  });

  test('one that is heard again counts as if it had always been', async () => {
    const node = new Node();
    node.lastHeard = new Map([[PEER, 2 * DAY - HOUR]]);
    await node.start();
    await node.hear();

    await node.clock.pass(DAY - HOUR);
    const before = node.problems;
    await node.clock.pass(HOUR);

    expect(before).toEqual(NAMED);
    expect(node.problems).toEqual([]);
  });

  test('a clock that is set forgets nobody', async () => {
    const node = new Node();
    node.lastHeard = new Map([[PEER, 0]]);
    await node.start();

    node.clock.jump(400 * DAY);
    await node.clock.pass(1000);

    expect(node.problems).toContainEqual(NAMED[0]);
  });

  test('one of which there are leases counts anew at each start', async () => {
    const node = new Node();
    node.leases = [{ ...leaseFor(0), state: 'peer', granter: PEER, expiresAt: NEVER }];
    node.lastHeard = new Map([[PEER, 2 * DAY]]);
    await node.start();

    await node.clock.pass(DAY - HOUR);
    const before = node.problems;
    await node.clock.pass(HOUR);

    expect(before).toEqual(NAMED);
    expect(node.problems).toEqual([]);
  });
});

test('what is heard is noted when it is new, and each hour, however much is heard', async () => {
  const node = new Node();
  await node.start();
  await node.clock.pass(2 * HOUR);
  const alone = node.store.noted;
  for (let heard = 0; heard < 100; heard += 1) await node.hear();
  await node.clock.pass(HOUR - 1000);
  const first = node.store.noted;
  await node.clock.pass(2000);

  expect([alone, first, node.store.noted]).toEqual([0, 1, 2]);
  expect(node.store.lastHeard.get(PEER)).toBeGreaterThanOrEqual(HOUR - 1000);
});

describe('what a guest was heard selecting elsewhere, while the address has a lease here', () => {
  const OTHER_GUEST = new Guest('52:54:00:00:00:02');
  const KEY = '01525400000001';
  const OTHER_KEY = '01525400000002';
  const OWN = '0101';

  /** A gateway that knows its peer, with a lease of the first address for so many seconds. */
  async function nodeWith(seconds: number, state: 'bound' | 'declined' = 'bound'): Promise<Node> {
    const node = new Node();
    node.leases = [{ ...leaseFor(seconds * 1000), state, leaseSeconds: seconds }];
    node.lastHeard = new Map([[PEER, 0]]);
    await node.start();
    await node.clock.pass(2000);
    return node;
  }

  test.each(['bound', 'declined'] as const)(
    'counts when a record that is %s ends, also if the process was killed at once',
    async (state) => {
      const node = await nodeWith(30, state);
      await node.hear('10.15.3.11', '10.15.3.20');

      await node.crash();
      const running = node.first;
      await node.clock.pass(35_000);

      expect(running).toBe(`${state} ${OWN} 0.0.0.0`);
      expect(node.first).toBe(`peer ${KEY} 10.15.3.11`);
    },
  );

  test('counts after any number of crashes, and also if its gateway was heard by that for the first time', async () => {
    const node = new Node();
    node.leases = [{ ...leaseFor(60_000), leaseSeconds: 60 }];
    await node.start();
    await node.clock.pass(2000);
    await node.hear('10.15.3.11', '10.15.3.20');

    for (let time = 0; time < 3; time += 1) {
      await node.crash();
      await node.clock.pass(2500);
    }
    await node.clock.pass(60_000);

    expect(node.first).toBe(`peer ${KEY} 10.15.3.11`);
  });

  test('is over once its own client was confirmed since', async () => {
    const node = await nodeWith(60);
    await node.hear('10.15.3.11', '10.15.3.20');
    const before = node.store.heardSelections.length;
    node.confirm(60);
    await node.clock.pass(2000);

    expect([before, node.store.heardSelections.length]).toEqual([1, 0]);
    await node.crash();
    await node.clock.pass(65_000);
    expect(node.first).toBe(`peer ${OWN} 0.0.0.0`);
  });

  test('is over then also if it was heard by a clock that was far ahead', async () => {
    const node = await nodeWith(60);
    node.clock.jump(5 * DAY);
    await node.hear('10.15.3.11', '10.15.3.20');
    node.clock.jump(-5 * DAY);

    await node.crash();
    await node.clock.pass(1000);
    node.confirm(60);
    await node.clock.pass(2000);

    expect(node.store.heardSelections).toEqual([]);
  });

  test('is one thing for a network card, its newest: nobody can leave claims at all leases', async () => {
    const node = new Node();
    const addresses = Array.from({ length: 8 }, (_, index) => ipv4(FIRST + index));
    node.leases = addresses.map((address, index) => ({
      ...{ ...leaseFor(HOUR), address, version: index + 1 },
      client: keyOfIdentifier(Uint8Array.of(1, index)),
    }));
    node.lastHeard = new Map([[PEER, 0]]);
    await node.start();
    await node.clock.pass(2000);

    for (const address of addresses) {
      await node.hear('10.15.3.11', ipv4ToText(address));
      await node.clock.pass(10);
    }
    await node.hear('10.15.3.11', '10.15.3.21', OTHER_GUEST);
    await node.clock.pass(2000);

    expect(
      node.store.heardSelections.map(({ address, client }) => [ipv4ToText(address), client].join(' ')),
    ).toEqual([`10.15.3.27 ${KEY}`, `10.15.3.21 ${OTHER_KEY}`]);
    expect(addresses.map((address) => node.store.table.recordAt(address)?.state)).toEqual(
      Array(8).fill('bound'),
    );
  });

  test('is nothing where it names a gateway that is not there', async () => {
    const node = await nodeWith(30);
    await node.hear('10.15.3.12', '10.15.3.20');
    await node.clock.pass(2000);

    expect(node.store.heardSelections).toEqual([]);
  });

  test('is stored at once when it comes alone, and once a second however much comes', async () => {
    const node = await nodeWith(HOUR / 1000);
    let notes = 0;
    const { store } = node;
    const note = store.noteHeardSelections.bind(store);
    store.noteHeardSelections = (selections) => {
      notes += 1;
      note(selections);
    };

    await node.hear('10.15.3.11', '10.15.3.20');
    const first = notes;
    for (let time = 0; time < 100; time += 1)
      await node.hear('10.15.3.11', '10.15.3.20', time % 2 === 0 ? GUEST : OTHER_GUEST);
    const burst = notes;
    await node.clock.pass(5000);

    expect([first, burst, notes]).toEqual([1, 1, 2]);
  });
});

describe('what a guest was heard selecting elsewhere while nothing could be stored', () => {
  const KEY = '01525400000001';

  async function nodeWithFullDisk(): Promise<Node> {
    const node = new Node();
    node.lastHeard = new Map([[PEER, 0]]);
    await node.start();
    await node.clock.pass(2000);
    node.store.setFailure('the disk is full');
    node.store.otherwise({ fate: 'failed' });
    return node;
  }

  async function makeRoom(node: Node): Promise<void> {
    node.store.otherwise({});
    node.store.setFailure(undefined);
    await node.clock.pass(3000);
  }

  test('is stored when the disk takes it', async () => {
    const node = await nodeWithFullDisk();
    await node.hear('10.15.3.11', '10.15.3.20');
    await node.clock.pass(60_000);
    const before = node.store.table.recordAt(FIRST);

    await makeRoom(node);

    expect(before).toBeUndefined();
    expect(node.first).toBe(`peer ${KEY} 10.15.3.11`);
  });

  test('gives way to what is stored of the address by then', async () => {
    const node = await nodeWithFullDisk();
    await node.hear('10.15.3.11', '10.15.3.20');
    const { address, version: _, ...lease } = leaseFor(DAY);
    node.store.applyForeign({
      ...{ kind: 'binding', client: lease.client, expectedBindingVersion: 0 },
      ...{ at: node.clock.now(), reason: 'bound', writes: [{ address, expectedVersion: 0, next: lease }] },
    });

    await makeRoom(node);

    expect(node.first).toBe('bound 0101 0.0.0.0');
  });

  test('is the newest of each network card', async () => {
    const node = await nodeWithFullDisk();
    await node.hear('10.15.3.11', '10.15.3.20');
    await node.hear('10.15.3.11', '10.15.3.21');

    await makeRoom(node);

    const states = [FIRST, at('10.15.3.21')].map((address) => node.store.table.recordAt(address)?.state);
    expect(states).toEqual([undefined, 'peer']);
  });
});
