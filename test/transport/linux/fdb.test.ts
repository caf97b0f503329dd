import { describe, expect, it } from 'vitest';
import { hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { bridgeOf } from '../../../src/transport/linux/bridge-ports.ts';
import { type Fdb, fdbAnswerAt, putQuestion, QUESTION_BYTES } from '../../../src/transport/linux/fdb.ts';
import { type LinkMessage, netlinkMessages } from '../../../src/transport/linux/netlink.ts';
import { at } from '../../support/plan.ts';

const CARD = hardwareFromText('02:00:00:00:00:44') ?? NO_HARDWARE;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asked(fdb: Fdb, sequence: number): string {
  const bytes = new Uint8Array(QUESTION_BYTES).fill(0xff);
  const end = putQuestion(viewOf(bytes), 0, fdb, CARD, sequence);
  return Buffer.from(bytes.subarray(0, end)).toString('hex');
}

/** One message as `strace` shows it: groups of octets in hexadecimal. */
function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

function hex(text: string): string {
  return text.replaceAll(/\s/g, '');
}

const HEAD = '1e00 0100 07000000 00000000'; // RTM_GETNEIGH, NLM_F_REQUEST, sequence 7
const MAC = '0a00 0200 020000000044 0000';

describe('the question to the kernel', () => {
  it('is that of `bridge fdb get ... br`', () => {
    expect(asked({ of: 'bridge', index: 2, vlan: 0 }, 7)).toBe(
      hex(`30000000 ${HEAD} 07000000 00000000 0000 00 00 ${MAC} 0800 0900 02000000`),
    );
  });

  it('is that of `bridge fdb get ... br ... vlan`, where VLANs are told apart', () => {
    expect(asked({ of: 'bridge', index: 2, vlan: 100 }, 7)).toBe(
      hex(`38000000 ${HEAD} 07000000 00000000 0000 00 00 ${MAC} 0800 0900 02000000 0600 0500 64000000`),
    );
  });

  it('is that of `bridge fdb get ... dev ... self`, at a tunnel', () => {
    expect(asked({ of: 'tunnel', index: 5 }, 7)).toBe(
      hex(`28000000 ${HEAD} 07000000 05000000 0000 02 00 ${MAC}`),
    );
  });
});

describe('the answer of the kernel', () => {
  /** Of a bridge: the port is 4, NDA_MASTER is the bridge. */
  const found = octets(
    `4c000000 1c00 0000 09000000 39050000 07000000 04000000 4000 00 00
     ${MAC} 0800 0900 02000000 1400 0300 00000000 11000000 11000000 00000000`,
  );
  /** Of a VXLAN: NDA_DST is where its tunnel ends. */
  const remote = octets(
    `44000000 1c00 0000 09000000 39050000 07000000 05000000 c000 02 00
     ${MAC} 0800 0100 c000020b 1400 0300 00000000 11000000 11000000 00000000`,
  );
  /** ENOENT, and the question again. */
  const refused = octets(
    `44000000 0200 0000 09000000 39050000 feffffff 30000000 ${HEAD} 07000000 00000000 0000 00 00 ${MAC} 0800 0900 02000000`,
  );

  it('has the port, or where a tunnel ends, or why there is none', () => {
    expect(fdbAnswerAt(viewOf(found), 0, found.length)).toEqual({
      ...{ kind: 'found', sequence: 9, index: 4, remote: undefined },
    });
    expect(fdbAnswerAt(viewOf(remote), 0, remote.length)).toEqual({
      ...{ kind: 'found', sequence: 9, index: 5, remote: at('192.0.2.11') },
    });
    expect(fdbAnswerAt(viewOf(refused), 0, refused.length)).toEqual({
      ...{ kind: 'refused', sequence: 9, errno: 2 },
    });
  });

  it.each([
    ['found', found],
    ['remote', remote],
    ['refused', refused],
  ])('%s: cut at any length it is read as far as it goes, and nothing is thrown', (_name, whole) => {
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.slice(0, length);
      const answer = fdbAnswerAt(viewOf(cut), 0, length);
      if (length < 28) expect(answer.kind).toBe('other');
    }
  });
});

/** What rtnetlink says, written out by hand. */
const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
function attribute(type: number, ...values: number[][]): number[] {
  const value = values.flat();
  const padding = new Array<number>((4 - (value.length % 4)) % 4).fill(0);
  return [...u16(4 + value.length), ...u16(type), ...value, ...padding];
}
const text = (words: string) => [...Buffer.from(`${words}\0`)];
function link(index: number, name: string, ...attributes: number[][]): LinkMessage {
  const body = [0, 0, ...u16(1), ...u32(index), ...u32(1), ...u32(0), ...attribute(3, text(name))];
  const all = [...body, ...attributes.flat()];
  const [message] = netlinkMessages(
    Uint8Array.from([...u32(16 + all.length), ...u16(16), ...u16(2), ...u32(0), ...u32(0), ...all]),
  );
  if (message?.kind !== 'link') throw new Error('no link');
  return message;
}
const ofKind = (kind: string, ...data: number[][]) =>
  attribute(18, attribute(1, text(kind)), attribute(2, ...data));
const bridge = (filtersVlans: number, ownVlan: number) =>
  ofKind('bridge', attribute(7, [filtersVlans]), attribute(39, u16(ownVlan)));
const vlan = (number: number) => ofKind('vlan', attribute(1, u16(number)));
const on = (lower: number) => attribute(5, u32(lower));
const portOf = (master: number) => attribute(10, u32(master));

describe('the bridge of an interface', () => {
  const plain = link(2, 'OCvpsnet', bridge(0, 1));
  const aware = link(3, 'vmbr0', bridge(1, 1));

  it('is the interface itself; where it tells VLANs apart, with its own VLAN', () => {
    expect(bridgeOf([plain, aware], 'OCvpsnet')).toEqual({ of: 'bridge', index: 2, vlan: 0 });
    expect(bridgeOf([plain, aware], 'vmbr0')).toEqual({ of: 'bridge', index: 3, vlan: 1 });
  });

  it('is the one below a VLAN; where it tells none apart, its FDB has none', () => {
    const links = [
      plain,
      aware,
      link(4, 'vmbr0.100', on(3), vlan(100)),
      link(5, 'OCvpsnet.7', on(2), vlan(7)),
    ];

    expect(bridgeOf(links, 'vmbr0.100')).toEqual({ of: 'bridge', index: 3, vlan: 100 });
    expect(bridgeOf(links, 'OCvpsnet.7')).toEqual({ of: 'bridge', index: 2, vlan: 0 });
  });

  it('is the one that the interface is a port of', () => {
    expect(bridgeOf([plain, link(6, 'gw0', portOf(2), ofKind('veth'))], 'gw0')).toMatchObject({ index: 2 });
  });

  it('is none for a network card, a bond, a VLAN on a card, or the other end of a cable', () => {
    const links = [
      plain,
      link(7, 'eno1'),
      link(8, 'eno1.100', on(7), vlan(100)),
      link(9, 'bond0', ofKind('bond')),
      link(10, 'eth0', on(2), ofKind('veth')), // Its peer has index 2 in another network namespace.
      link(11, 'eth1', portOf(9)),
    ];

    for (const name of ['eno1', 'eno1.100', 'bond0', 'eth0', 'eth1', 'missing'])
      expect(bridgeOf(links, name)).toBeUndefined();
  });
});
