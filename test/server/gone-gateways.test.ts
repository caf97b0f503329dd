import { expect, test } from 'vitest';
import { gatewaysKnownTo } from '../../src/cli/doctor/known-gateways.ts';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../src/net/ipv4.ts';
import type { SegmentPorts } from '../../src/transport/transport.ts';
import { hardware } from '../store/changes.ts';
import { Guest } from '../support/guest.ts';
import { at, planOf } from '../support/plan.ts';
import { PluggedCards } from '../support/plugged.ts';
import { ServerNode, type ServerNodeOptions, THERE } from '../support/server-node.ts';

const [ONE, OTHER, THIRD] = [at('10.15.3.11'), at('10.15.3.12'), at('10.15.3.13')];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The machine of another gateway, and its gateway, on the segment of a server. */
class Neighbour {
  /** False: no gateway is at work there. */
  runs = true;
  readonly #address: Ipv4;
  readonly #node: ServerNode;

  constructor(node: ServerNode, address: Ipv4) {
    this.#node = node;
    this.#address = address;
    this.plugIn();
    this.#beat();
  }

  plugIn(): void {
    this.#node.segment.holders.set(this.#address, hardware(this.#address & 255));
  }

  /** Its interface goes down. */
  unplug(): void {
    this.#node.segment.holders.delete(this.#address);
  }

  #beat(): void {
    const isOnSegment = this.#node.segment.holders.has(this.#address);
    if (this.runs && isOnSegment) {
      this.#node.segment.say(this.#address, hardware(this.#address & 255), 'question');
      this.#node.segment.askForSelf(this.#address, hardware(this.#address & 255));
    }
    this.#node.clock.after(MINUTE, () => this.#beat());
  }
}

interface Opened {
  readonly node: ServerNode;
  readonly one: Neighbour;
  readonly other: Neighbour;
}

/** A server whose segment has two other gateways, after some minutes. No guest has selected any of them. */
async function opened(parts: ServerNodeOptions = {}, ports?: SegmentPorts): Promise<Opened> {
  const gateways = new Set([ONE, OTHER]);
  const node = new ServerNode({
    planOf: ({ listenIp }) => planOf({ serverIdentifier: listenIp, peers: gateways, gateways }),
    ...parts,
  });
  node.ports = ports;
  await node.server.start();
  const [one, other] = [new Neighbour(node, ONE), new Neighbour(node, OTHER)];
  await node.clock.pass(5 * MINUTE);
  return { node, one, other };
}

const others = ({ node }: Opened) => node.server.figures.otherGateways;
/** Whom doctor expects to answer. */
const known = ({ server }: ServerNode) => gatewaysKnownTo(server.status).known.map(({ address }) => address);
const gone = ({ node }: Opened) => node.server.status.problems.find(({ name }) => name === 'gateway-gone');
const said = ({ node }: Opened) =>
  node.log.lines
    .filter(({ message }) => /^another gateway is (gone|back)$/.test(message))
    .map(({ message, fields }) => `${fields['gateway']}: ${message}`);

test('a gateway that no client has selected yet is known, and how long ago ARP has shown it and it has asked', async () => {
  const at5 = await opened();
  const just = {
    ...{ state: 'there', isGateway: true, selectedSeconds: null, arpSeconds: 0, arpAskedSeconds: 0 },
  };

  expect(others(at5)).toEqual([
    { address: '10.15.3.11', ...just },
    { address: '10.15.3.12', ...just },
  ]);
  expect(at5.node.server.figures.peers).toEqual([]);
});

test('how long ago a client has selected a gateway is told beside', async () => {
  const scene = await opened();
  await scene.node.hear(new Guest('52:54:00:00:00:01').select('10.15.3.20', '10.15.3.12'));
  await scene.node.clock.pass(20_000);

  expect(others(scene).map(({ selectedSeconds }) => selectedSeconds)).toEqual([null, 20]);
});

test('a gateway whose interface has gone down is told as gone after two minutes, once in the log, and as back', async () => {
  const scene = await opened();
  const { node, other } = scene;
  other.unplug();
  await node.clock.pass(MINUTE);
  const early = gone(scene);
  await node.clock.pass(2 * MINUTE);
  const told = gone(scene);
  const state = others(scene).map((each) => each.state);
  await node.clock.pass(HOUR);
  const later = said(scene);
  other.plugIn();
  await node.clock.pass(MINUTE);

  expect(early).toBeUndefined();
  expect(told).toMatchObject({
    message: 'the gateway 10.15.3.12 was heard last at 2026-01-01T00:05:00Z, and does not answer ARP',
    remedy: expect.stringMatching(
      /^look whether its node is up .*told for a day, or for the longest lease time if that is longer$/,
    ),
    stopsNewGuests: false,
  });
  expect(state).toEqual(['there', 'away']);
  expect(later).toEqual(['10.15.3.12: another gateway is gone']);
  expect(said(scene)).toEqual(['10.15.3.12: another gateway is gone', '10.15.3.12: another gateway is back']);
  expect(gone(scene)).toBeUndefined();
});

test('a gateway that was killed is told as gone although the kernel of its machine answers ARP', async () => {
  const scene = await opened();
  const { node, other } = scene;
  other.runs = false;
  await node.clock.pass(3 * MINUTE);
  const told = gone(scene);
  const state = others(scene).map((each) => each.state);
  other.runs = true;
  await node.clock.pass(MINUTE);

  expect(told).toMatchObject({
    message:
      'the gateway 10.15.3.12 was heard last at 2026-01-01T00:05:00Z, and only its machine answers ARP, as if its process had ended',
    remedy: expect.stringMatching(/^look on its node whether its gateway runs/),
  });
  expect(state).toEqual(['there', 'stopped']);
  expect(said(scene)).toEqual(['10.15.3.12: another gateway is gone', '10.15.3.12: another gateway is back']);
});

test('a gateway that does not ask, and that a client selects, is at work', async () => {
  const scene = await opened();
  const { node, other } = scene;
  other.runs = false;
  for (let minute = 0; minute < 10; minute += 1) {
    await node.clock.pass(MINUTE);
    await node.hear(new Guest('52:54:00:00:00:01').select('10.15.3.20', '10.15.3.12'));
  }

  expect(others(scene).map(({ state }) => state)).toEqual(['there', 'there']);
  expect(gone(scene)).toBeUndefined();
});

test('the note of those that are heard says which of them is gone', async () => {
  const { node, other } = await opened();
  for (const server of ['10.15.3.11', '10.15.3.12'])
    await node.hear(new Guest('52:54:00:00:00:01').select('10.15.3.20', server));
  other.unplug();
  await node.clock.pass(3 * MINUTE);

  const note = node.server.status.problems.find(({ name }) => name === 'peers');
  expect(note?.message).toMatch(/: 10\.15\.3\.11, 10\.15\.3\.12 \(gone\)$/);
});

test('after this gateway has got another address, those that asked for the old one are not said to have ended', async () => {
  const scene = await opened();
  const { node, one, other } = scene;
  [one.runs, other.runs] = [false, false];
  node.search = { ...THERE, listenIp: at('10.15.3.14') };
  await node.clock.pass(10 * MINUTE);

  expect(others(scene).map(({ state, arpAskedSeconds }) => [state, arpAskedSeconds])).toEqual([
    ['there', null],
    ['there', null],
  ]);
  expect(gone(scene)).toBeUndefined();
});

test('a machine at an address that may be a gateway’s, and that did nothing of a gateway, is never told as gone', async () => {
  const scene = await opened();
  const { node } = scene;
  const stranger = at('10.15.3.11');
  const quiet = new ServerNode({
    planOf: ({ listenIp }) =>
      planOf({ serverIdentifier: listenIp, peers: new Set([stranger]), gateways: new Set([stranger]) }),
  });
  await quiet.server.start();
  quiet.segment.holders.set(stranger, hardware(11));
  await quiet.clock.pass(5 * MINUTE);
  quiet.segment.holders.delete(stranger);
  await quiet.clock.pass(10 * MINUTE);

  expect(quiet.server.figures.otherGateways).toMatchObject([{ state: 'away', arpAskedSeconds: null }]);
  expect(quiet.problems).toEqual([]);
  expect(said({ ...scene, node: quiet })).toEqual([]);
  expect(node.problems).toEqual([]);
});

test('a machine that has asked once for this gateway, as a kernel does, is not said to be a gateway, and the question is forgotten', async () => {
  const { node } = await opened({
    planOf: ({ listenIp }) =>
      planOf({ serverIdentifier: listenIp, peers: new Set(), gateways: new Set([THIRD]) }),
  });
  node.segment.holders.set(THIRD, hardware(13));
  node.segment.askForSelf(THIRD, hardware(13));
  await node.clock.pass(3000);
  const soon = known(node);
  await node.clock.pass(HOUR);

  expect(soon).toEqual([]);
  expect(node.server.figures.otherGateways).toMatchObject([
    { address: '10.15.3.13', state: 'there', isGateway: false, arpAskedSeconds: null },
  ]);
});

test('a gateway that has asked three times is one that doctor knows', async () => {
  const { node } = await opened();

  expect(known(node)).toEqual(['10.15.3.11', '10.15.3.12']);
});

test('where no other gateway answers any more, it is said that this node may be the one that is cut off', async () => {
  const scene = await opened();
  const { node, one, other } = scene;
  one.unplug();
  other.unplug();
  await node.clock.pass(3 * MINUTE);

  expect(gone(scene)?.message).toMatch(
    /^the gateway 10\.15\.3\.11 .*; the gateway 10\.15\.3\.12 .*; no other gateway answers: it may be this node that is cut off from the segment$/,
  );
  expect(gone(scene)?.remedy).toMatch(/^look at the link of this node first/);
});

test('while the interface of this node is not connected nobody is gone, and for two minutes after that', async () => {
  const scene = await opened();
  const { node, one, other } = scene;
  node.hasCarrier = false;
  one.unplug();
  other.unplug();
  await node.clock.pass(HOUR);
  const meanwhile = [gone(scene), others(scene).map(({ state }) => state)];
  node.hasCarrier = true;
  await node.clock.pass(2 * MINUTE);
  const soon = gone(scene);
  one.plugIn();
  await node.clock.pass(2 * MINUTE);

  expect(meanwhile).toEqual([undefined, ['unknown', 'unknown']]);
  expect(soon).toBeUndefined();
  expect(others(scene).map(({ state }) => state)).toEqual(['there', 'away']);
});

test('without ARP nobody is said to be there or gone', async () => {
  const scene = await opened();
  const { node, one, other } = scene;
  await node.hear(new Guest('52:54:00:00:00:01').select('10.15.3.20', '10.15.3.12'));
  node.segment.canAsk = false;
  one.unplug();
  other.unplug();
  await node.clock.pass(10 * MINUTE);

  expect(others(scene).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  expect(gone(scene)).toBeUndefined();
});

test('a gateway that does not come back is told for a day, and then it is forgotten', async () => {
  const scene = await opened();
  const { node, other } = scene;
  other.unplug();
  await node.clock.pass(DAY - HOUR);
  const before = gone(scene)?.message;
  await node.clock.pass(2 * HOUR);

  expect(before).toContain('10.15.3.12');
  expect(gone(scene)).toBeUndefined();
  expect(others(scene).map(({ address }) => address)).toEqual(['10.15.3.11']);
  expect(said(scene)).toEqual(['10.15.3.12: another gateway is gone']);
});

test.each([
  ['no client has selected', []],
  ['a client has selected', ['10.15.3.12']],
])(
  'a gateway that %s, and whose process has ended for good, is told for a day, and then forgotten, although its machine answers ARP',
  async (_, selected) => {
    const scene = await opened();
    const { node, other } = scene;
    for (const server of selected)
      await node.hear(new Guest('52:54:00:00:00:01').select('10.15.3.20', server));
    other.runs = false;
    await node.clock.pass(DAY - HOUR);
    const before = gone(scene)?.message;
    await node.clock.pass(2 * HOUR);
    const after = [gone(scene), known(node), others(scene).at(-1)];
    other.runs = true;
    await node.clock.pass(3 * MINUTE);

    expect(before).toContain('10.15.3.12');
    expect(after).toEqual([
      undefined,
      ['10.15.3.11'],
      expect.objectContaining({ address: '10.15.3.12', state: 'there', isGateway: false }),
    ]);
    expect(said(scene)).toEqual(['10.15.3.12: another gateway is gone']);
    expect(known(node)).toEqual(['10.15.3.11', '10.15.3.12']);
  },
);

test.each([
  [64, 'stopped'],
  [65, 'there'],
])(
  'of %i addresses that may be gateways, one that asks for this one no more is %s: it asks for 64 in a lap',
  async (count, state) => {
    const gateways = new Set(Array.from({ length: count }, (_, index) => ipv4(ONE + index)));
    const scene = await opened({
      planOf: ({ listenIp }) => planOf({ serverIdentifier: listenIp, peers: gateways, gateways }),
    });
    scene.other.runs = false;
    await scene.node.clock.pass(5 * MINUTE);

    expect(others(scene).map((each) => each.state)).toEqual(['there', state]);
    expect(gone(scene) !== undefined).toBe(state === 'stopped');
  },
);

/** A server that sees the ports of its bridge, and behind one of them a guest with this MAC. The other gateways come by a tunnel. */
async function openedOnBridge(guest: string): Promise<Opened> {
  const ports = new PluggedCards();
  ports.plug(guest, 'tap101i0');
  for (const gateway of [ONE, OTHER])
    ports.plug(hardwareToText(hardware(gateway & 255)), 'vxlan_test', '192.0.2.2');
  const gateways = new Set([ONE, OTHER, THIRD]);
  const plan = { peers: gateways, gateways };
  return await opened({ planOf: ({ listenIp }) => planOf({ serverIdentifier: listenIp, ...plan }) }, ports);
}

const GUEST_CARD = hardware(101);
const GUEST = hardwareToText(GUEST_CARD);

test('a guest of this node that asks as a gateway does, and then falls silent, is no gateway that is gone', async () => {
  const scene = await openedOnBridge(GUEST);
  const { node } = scene;
  for (let time = 0; time < 5; time += 1) {
    node.segment.say(THIRD, GUEST_CARD, 'question');
    node.segment.askForSelf(THIRD, GUEST_CARD);
    await node.clock.pass(31_000);
  }
  const meanwhile = known(node);
  await node.clock.pass(HOUR);

  expect(meanwhile).toEqual(['10.15.3.11', '10.15.3.12']);
  expect(gone(scene)).toBeUndefined();
});

test('a guest of this node that answers ARP as a gateway, and selects itself, is no gateway that is gone', async () => {
  const scene = await openedOnBridge(GUEST);
  const { node } = scene;
  node.segment.holders.set(THIRD, GUEST_CARD);
  await node.clock.pass(MINUTE);
  await node.hear(new Guest(GUEST).select('10.15.3.20', '10.15.3.13'));
  const meanwhile = known(node);
  node.segment.holders.delete(THIRD);
  await node.clock.pass(HOUR);

  expect(meanwhile).toEqual(['10.15.3.11', '10.15.3.12']);
  expect(gone(scene)).toBeUndefined();
});

test('a guest of this node that goes on selecting a gateway does not hide that its process has ended', async () => {
  const scene = await openedOnBridge(GUEST);
  const { node, other } = scene;
  other.runs = false;
  for (let minute = 0; minute < 5; minute += 1) {
    await node.hear(new Guest(GUEST).select('10.15.3.20', '10.15.3.12'));
    await node.clock.pass(MINUTE);
  }

  expect(others(scene).map(({ state }) => state)).toEqual(['there', 'stopped']);
  expect(gone(scene)?.message).toContain('10.15.3.12');
});

test('a guest of this node that answers ARP for a gateway does not hide that it is one', async () => {
  const { node } = await openedOnBridge(GUEST);
  node.segment.holders.set(THIRD, hardware(13));
  node.segment.liar = (address) => (address === THIRD ? GUEST_CARD : undefined);
  node.segment.say(THIRD, GUEST_CARD);
  await node.clock.pass(MINUTE);
  await node.hear(new Guest(GUEST).select('10.15.3.20', '10.15.3.13'));

  expect(known(node)).toContain('10.15.3.13');
});

test('where each gateway has a share of the pool, a gateway that is gone is told too', async () => {
  const scene = await opened({
    planOf: ({ listenIp }) =>
      planOf({ serverIdentifier: listenIp, peers: new Set(), gateways: new Set([ONE, OTHER]) }),
  });
  scene.one.unplug();
  await scene.node.clock.pass(3 * MINUTE);

  expect(gone(scene)?.message).toContain('10.15.3.11');
});

test('where leases are shared, who only answers ARP is no gateway that shares nothing', async () => {
  const scene = await opened({
    clusterPeers: {
      live: new Set([ONE]),
      graceMilliseconds: 0,
      agreedAt: 0,
      problems: [],
      isByWallClock: () => true,
    },
  });

  expect(others(scene)).toEqual([]);
});

test('the map shows a gateway that shared its leases, and is gone, as a gateway too', async () => {
  const sharing = {
    live: new Set([ONE]),
    gone: new Set([OTHER]),
    graceMilliseconds: 0,
    agreedAt: 0,
    problems: [],
  };
  const { node } = await opened({ clusterPeers: { ...sharing, isByWallClock: () => true } });

  const mapped = node.server.mapAddresses(ONE, OTHER);
  expect(mapped.map(({ state }) => state)).toEqual(['gateway', 'gateway']);
});

test('the map shows a gateway that is gone as a gateway, and not as an unused address', async () => {
  const { node, other } = await opened();
  other.unplug();
  await node.clock.pass(HOUR);

  const mapped = node.server.mapAddresses(ONE, at('10.15.3.13'));
  expect(mapped.map(({ state }) => state)).toEqual(['gateway', 'gateway', 'kept']);
});
