import { describe, expect, it } from 'vitest';
import { arrivalFilter } from '../../../src/transport/linux/arrival-filter.ts';
import { assemble } from '../../../src/transport/linux/bpf.ts';
import { runFilter } from '../../support/bpf.ts';
import { packet } from '../../support/packet.ts';

const SEGMENT = 7;
const VRF = 70;
const OTHER = 8;
const LOOPBACK = 1;

/** With the UDP header before it, as the filter of a UDP socket sees it. */
function datagram(payload: Uint8Array): Uint8Array {
  return Uint8Array.from([0, 68, 0, 67, 0, 0, 0, 0, ...payload]);
}

const DIRECT = datagram(packet({}));
const RELAYED = datagram(packet({ giaddr: '10.99.0.2' }));
const ANSWER = datagram(packet({ op: 2, giaddr: '10.99.0.2' }));

describe('the filter of a UDP socket on a segment', () => {
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
    expect(runFilter(arrivalFilter([SEGMENT]), bytes, { interfaceIndex })).toBe(passes ? 0x40000 : 0);
  });

  it("the VRF's own index is the segment's too, where the segment is in one", () => {
    const filter = arrivalFilter([SEGMENT, VRF]);
    const kept = [SEGMENT, VRF, OTHER].map((interfaceIndex) => runFilter(filter, DIRECT, { interfaceIndex }));

    expect(kept).toEqual([0x40000, 0x40000, 0]);
  });
});

describe('a BPF program', () => {
  it('jumps ahead only, to labels that are there', () => {
    expect(() => assemble([[0x15, 0, 'nowhere']])).toThrow(/nowhere/);
    expect(() => assemble(['back', [0x15, 0, 'back']])).toThrow(/back/);
  });
});
