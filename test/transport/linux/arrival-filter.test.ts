import { describe, expect, it } from 'vitest';
import { arrivalFilter, SAMPLE_BYTES } from '../../../src/transport/linux/arrival-filter.ts';
import { assemble } from '../../../src/transport/linux/bpf.ts';
import { type BesideTheData, runFilter } from '../../support/bpf.ts';
import { mac, type PacketFields, packet } from '../../support/packet.ts';

const SEGMENT = 7;
const VRF = 70;
const OTHER = 8;
const LOOPBACK = 1;
const WHOLE = 0x40000;

/** With the UDP header before it, as the filter of a UDP socket sees it. */
function datagram(payload: Uint8Array): Uint8Array {
  return Uint8Array.from([0, 68, 0, 67, 0, 0, 0, 0, ...payload]);
}

const DIRECT = datagram(packet({}));
const RELAYED = datagram(packet({ giaddr: '10.99.0.2' }));
const ANSWER = datagram(packet({ op: 2, giaddr: '10.99.0.2' }));

describe('the filter of a UDP socket on a segment', () => {
  const options = { indexes: [SEGMENT], checksChaddr: false, hasSentinel: false };

  it.each<[string, Uint8Array, number, boolean]>([
    ["a client's, by the segment", DIRECT, SEGMENT, true],
    ["a relay's, by the segment", RELAYED, SEGMENT, true],
    ['what is no request, by the segment', ANSWER, SEGMENT, true],
    ['what is too short for one, by the segment', datagram(new Uint8Array(0)), SEGMENT, true],
    ["a client's, by another interface", DIRECT, OTHER, false],
    ["a client's, from this host itself", DIRECT, LOOPBACK, false],
    ["a relay's, by another interface", RELAYED, OTHER, true],
    ["a server's answer to a relay, by another interface", ANSWER, OTHER, false],
    ['what is too short to have giaddr, by another interface', RELAYED.slice(0, 35), OTHER, false],
    ['nothing, by another interface', datagram(new Uint8Array(0)), OTHER, false],
  ])('%s', (_what, bytes, interfaceIndex, passes) => {
    expect(runFilter(arrivalFilter(options), bytes, { interfaceIndex })).toBe(passes ? WHOLE : 0);
    const checked = arrivalFilter({ ...options, checksChaddr: true });
    const frameSource = mac('52:54:00:00:00:01');
    expect(runFilter(checked, bytes, { interfaceIndex, frameSource })).toBe(passes ? WHOLE : 0);
  });

  it("the VRF's own index is the segment's too, where the segment is in one", () => {
    const filter = arrivalFilter({ ...options, indexes: [SEGMENT, VRF] });
    const kept = [SEGMENT, VRF, OTHER].map((interfaceIndex) => runFilter(filter, DIRECT, { interfaceIndex }));

    expect(kept).toEqual([WHOLE, WHOLE, 0]);
  });
});

describe('the chaddr check of a UDP socket', () => {
  const CHADDR = '52:54:00:fe:dc:ba';
  const REJECTING = arrivalFilter({ indexes: [SEGMENT], checksChaddr: true, hasSentinel: true });
  const SAMPLING = arrivalFilter({ indexes: [SEGMENT], checksChaddr: true, hasSentinel: false });
  const kept = (fields: PacketFields, beside: BesideTheData = {}, filter = REJECTING) =>
    runFilter(filter, datagram(packet({ chaddr: CHADDR, ...fields })), {
      interfaceIndex: SEGMENT,
      frameSource: mac(CHADDR),
      ...beside,
    });
  const anotherCard = { frameSource: mac('52:54:00:fe:dc:bb') };

  it.each<[string, PacketFields, BesideTheData, boolean]>([
    ["passes what the client's own card has sent", {}, {}, true],
    [
      'passes an address of ones',
      { chaddr: 'fe:ff:ff:ff:ff:ff' },
      { frameSource: mac('fe:ff:ff:ff:ff:ff') },
      true,
    ],
    ['rejects what another card has sent', {}, anotherCard, false],
    ['passes what a relay agent has sent, whose card is another', { giaddr: '10.15.3.5' }, anotherCard, true],
    ['passes another type of hardware, which it cannot judge', { htype: 32 }, anotherCard, true],
    ['passes another length of address, which it cannot judge', { hlen: 16 }, anotherCard, true],
    [
      'passes what comes by no Ethernet, as on lo',
      {},
      { frameSource: mac('00:00:00:00:00:00'), hardwareType: 772 },
      true,
    ],
    ["passes this host's own broadcast, which has no header", {}, { ...anotherCard, packetType: 5 }, true],
    ['rejects a reply of a server, which the sentinel receives', { op: 2 }, anotherCard, false],
    ['passes what is no message of BOOTP, to be counted', { op: 7 }, anotherCard, true],
  ])('%s', (_what, fields, beside, passes) => {
    expect(kept(fields, beside)).toBe(passes ? WHOLE : 0);
  });

  it('rejects a difference in any bit', () => {
    const bits = Array.from({ length: 48 }, (_, bit) => bit);
    const frameSources = bits.map((bit) =>
      mac(CHADDR).with(bit >> 3, (mac(CHADDR)[bit >> 3] ?? 0) ^ (1 << (bit & 7))),
    );

    expect(frameSources.filter((frameSource) => kept({}, { frameSource }) !== 0)).toEqual([]);
  });

  it('without a sentinel one forged message in 256 passes, as a sample that no whole message is as short as', () => {
    const samples = Array.from({ length: 512 }, (_, random) =>
      kept({}, { ...anotherCard, random }, SAMPLING),
    );

    expect(samples.filter((octets) => octets !== 0)).toEqual([8 + SAMPLE_BYTES, 8 + SAMPLE_BYTES]);
    expect(packet({ options: [[53, 1, 1]], padTo: 0 }).length).toBeGreaterThan(SAMPLE_BYTES);
  });
});

describe('a BPF program', () => {
  it('jumps ahead only, to labels that are there', () => {
    expect(() => assemble([[0x15, 0, 'nowhere']])).toThrow(/nowhere/);
    expect(() => assemble(['back', [0x15, 0, 'back']])).toThrow(/back/);
  });
});
