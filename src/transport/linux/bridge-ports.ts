import { type BridgePort, bridgePortOf } from '../../net/bridge-port.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { ANSWER_BYTES, type Fdb, type FdbAnswer, fdbAnswerAt, putQuestion, QUESTION_BYTES } from './fdb.ts';
import { limitWaits, type Netlink, openNetlink, readLinks } from './interfaces.ts';
import { AF_NETLINK, ENOENT } from './linux.ts';
import { MessageVector, pinnedMemory } from './message-vector.ts';
import type { LinkMessage } from './netlink.ts';

/** Cards that one system call asks about: their answers fit into the socket's buffer. */
const AT_ONCE = 64;
/** Sequence numbers are below it. */
const MOST_SEQUENCE = 2 ** 31;
/** struct sockaddr_nl: the kernel is port 0. */
const KERNEL = Uint8Array.from([AF_NETLINK, ...new Array<number>(11).fill(0)]);

/** The bridge that an interface is, stands on as a VLAN, or is a port of; undefined: none. */
export function bridgeOf(links: readonly LinkMessage[], interfaceName: string): Fdb | undefined {
  const own = links.find(({ name }) => name === interfaceName);
  if (own === undefined) return undefined;
  const bridgeAt = (index: number) => links.find((each) => each.index === index && each.type === 'bridge');
  const below = own.type === 'vlan' ? bridgeAt(own.lower) : undefined;
  const bridge = bridgeAt(own.index) ?? below ?? bridgeAt(own.master);
  if (bridge === undefined) return undefined;
  const vlan = bridge === below ? own.vlan : bridge.vlan;
  return { of: 'bridge', index: bridge.index, vlan: bridge.filtersVlans ? vlan : 0 };
}

/** Asks the kernel behind which ports of the segment's bridge network cards were seen last. It asks nothing by itself. */
export class BridgePorts {
  readonly #netlink: Netlink;
  readonly #interfaceName: string;
  readonly #questions = new Uint8Array(AT_ONCE * QUESTION_BYTES);
  readonly #view = new DataView(this.#questions.buffer);
  readonly #answers: MessageVector;
  #bridge: Fdb | undefined;
  /** By the index of their interfaces. */
  #ports: ReadonlyMap<number, BridgePort> = new Map();
  #tunnelEnds: readonly Ipv4[] = [];
  /** True: the bridge is another one now, or gone. */
  #isLost = false;
  /** Of the next question. */
  #sequence = 0;
  /** Ports that the bridge has named, and that were not found. */
  readonly #strange = new Set<number>();
  /** True: answers to earlier questions may still lie in the socket. */
  #hasRest = false;

  constructor(netlink: Netlink, interfaceName: string) {
    const { libc } = netlink;
    this.#netlink = netlink;
    this.#interfaceName = interfaceName;
    this.#answers = new MessageVector(libc, pinnedMemory(libc, AT_ONCE * ANSWER_BYTES), AT_ONCE);
    for (let slot = 0; slot < AT_ONCE; slot += 1)
      this.#answers.putMessage(slot, slot * ANSWER_BYTES, ANSWER_BYTES, 0);
    limitWaits(netlink);
    this.refresh();
  }

  /** False: the interface has to do with no bridge of this host. */
  get hasBridge(): boolean {
    return this.#bridge !== undefined && !this.#isLost;
  }

  get tunnelEnds(): readonly Ipv4[] {
    return this.hasBridge ? this.#tunnelEnds : [];
  }

  /** Finds the bridge and its ports anew. */
  refresh(): void {
    const links = readLinks(this.#netlink);
    if (links === undefined) return;
    const names = new Set(links.map(({ name }) => name));
    const bridge = bridgeOf(links, this.#interfaceName);
    const ports = links.filter(({ master }) => master === bridge?.index);
    const ends = ports.flatMap(({ tunnelEnd = UNSPECIFIED }) =>
      tunnelEnd === UNSPECIFIED ? [] : [tunnelEnd],
    );
    this.#bridge = bridge;
    this.#tunnelEnds = [...new Set(ends)];
    this.#isLost = false;
    this.#strange.clear();
    this.#ports = new Map(
      ports.map((link) => [link.index, bridgePortOf(link, (name) => names.has(name))] as const),
    );
  }

  /** The ports of these cards, in their order; undefined: not known. Two system calls for each 64 cards. */
  portsOf(cards: readonly HardwareAddress[]): readonly (BridgePort | undefined)[] {
    const found: (BridgePort | undefined)[] = new Array<undefined>(cards.length).fill(undefined);
    const bridge = this.#bridge;
    if (bridge === undefined || this.#isLost) return found;
    for (let first = 0; first < cards.length; first += AT_ONCE)
      this.#ask(bridge, cards, first, (answer, index) => {
        found[index] = this.#portAt(answer.index);
      });
    return found;
  }

  /** The other hosts that these cards behind a tunnel are at, in their order. */
  hostsOf(cards: readonly HardwareAddress[], { kind, index }: BridgePort): readonly (Ipv4 | undefined)[] {
    const hosts: (Ipv4 | undefined)[] = new Array<undefined>(cards.length).fill(undefined);
    for (let first = 0; kind === 'tunnel' && first < cards.length; first += AT_ONCE)
      this.#ask({ of: 'tunnel', index }, cards, first, ({ remote }, at) => {
        hosts[at] = remote;
      });
    return hosts;
  }

  close(): void {
    this.#netlink.libc.close(this.#netlink.fd);
  }

  /** Asks for up to AT_ONCE cards from `first` on. `found` gets each answer, and the index of its card. */
  #ask(
    fdb: Fdb,
    cards: readonly HardwareAddress[],
    first: number,
    found: (answer: Extract<FdbAnswer, { kind: 'found' }>, index: number) => void,
  ): void {
    const { libc, fd } = this.#netlink;
    if (this.#hasRest) this.#receive(() => {});
    const count = Math.min(AT_ONCE, cards.length - first);
    const begin = this.#sequence;
    this.#sequence = begin + count > MOST_SEQUENCE ? 0 : begin + count;
    let end = 0;
    for (let each = 0; each < count; each += 1)
      end = putQuestion(this.#view, end, fdb, cards[first + each] as HardwareAddress, begin + each);
    if (libc.sendto(fd, this.#questions.subarray(0, end), 0, KERNEL) < 0) return;
    let answered = 0;
    this.#receive((answer) => {
      if (answer.kind === 'other' || answer.sequence < begin || answer.sequence >= begin + count) return;
      answered += 1;
      if (answer.kind === 'found') found(answer, first + answer.sequence - begin);
      else this.#isLost ||= fdb.of === 'bridge' && answer.errno !== ENOENT;
    });
    this.#hasRest = answered < count;
  }

  /** Reads the answers that are there: the kernel has given all of them when the question is sent. */
  #receive(take: (answer: FdbAnswer) => void): void {
    for (let slot = 0; slot < AT_ONCE; slot += 1) this.#answers.putRoom(slot);
    const count = this.#answers.receive(this.#netlink.fd, 0, AT_ONCE);
    const { view } = this.#answers.payload;
    for (let slot = 0; slot < count; slot += 1)
      take(fdbAnswerAt(view, slot * ANSWER_BYTES, Math.min(this.#answers.lengthOf(slot), ANSWER_BYTES)));
  }

  #portAt(index: number): BridgePort | undefined {
    if (index === this.#bridge?.index) return undefined; // The bridge itself.
    const known = this.#ports.get(index);
    if (known !== undefined || this.#strange.has(index)) return known;
    this.refresh(); // A port that was plugged in since.
    const found = this.#ports.get(index);
    if (found === undefined) this.#strange.add(index);
    return found;
  }
}

/** Undefined: the kernel cannot be asked. */
export function openBridgePorts(interfaceName: string): BridgePorts | undefined {
  const netlink = openNetlink();
  return netlink === undefined ? undefined : new BridgePorts(netlink, interfaceName);
}
