import { describe, expect, it } from 'vitest';
import { prefixOf } from '../../../src/net/prefix.ts';
import { requestFilter } from '../../../src/transport/linux/frame-counter.ts';
import { type BesideTheData, runFilter } from '../../support/bpf.ts';
import { udpFrame } from '../../support/frames.ts';
import { packet } from '../../support/packet.ts';
import { at } from '../../support/plan.ts';

const FILTER = requestFilter({
  interfaceName: 'eth0',
  listenIp: at('10.15.3.10'),
  prefix: prefixOf(at('10.15.3.0'), 24),
});

/** From the IP header on, as the socket has it. */
function datagram(source: string, target: string, op = 1, targetPort = 67): Uint8Array {
  const frame = udpFrame({
    destinationHardware: 'ff:ff:ff:ff:ff:ff',
    sourceHardware: '52:54:00:00:00:01',
    source,
    sourcePort: 68,
    destination: target,
    destinationPort: targetPort,
    payload: Buffer.from(packet({ op })),
  });
  return Uint8Array.from(frame.subarray(14));
}

const DISCOVER = datagram('0.0.0.0', '255.255.255.255');

/** The same with one octet changed. */
function changed(place: number, value: number): Uint8Array {
  return DISCOVER.with(place, value);
}

describe('the filter that counts requests', () => {
  it.each<[string, Uint8Array, BesideTheData, boolean]>([
    ['a broadcast of a client without an address', DISCOVER, { packetType: 1 }, true],
    [
      'a broadcast of a client in the segment',
      datagram('10.15.3.77', '255.255.255.255'),
      { packetType: 1 },
      true,
    ],
    ['a unicast of a client in the segment', datagram('10.15.3.77', '10.15.3.10'), {}, false],
    ['a unicast without a source, which the kernel drops', datagram('0.0.0.0', '10.15.3.10'), {}, false],
    ['a unicast to another gateway', datagram('10.15.3.77', '10.15.3.11'), {}, false],
    [
      'what comes from outside, which a router may have no way back to',
      datagram('192.0.2.1', '10.15.3.10'),
      {},
      false,
    ],
    ['what pretends to come from this gateway', datagram('10.15.3.10', '255.255.255.255'), {}, false],
    ['what this host sends', DISCOVER, { packetType: 4 }, false],
    ['what is for another machine', DISCOVER, { packetType: 3 }, false],
    ['what is of a VLAN', DISCOVER, { vlan: 5 }, false],
    ['what has the VLAN tag of a mere priority', DISCOVER, { vlan: 0xe000 }, true],
    ['an answer', datagram('10.15.3.77', '255.255.255.255', 2), {}, false],
    ['another port', datagram('0.0.0.0', '255.255.255.255', 1, 68), {}, false],
    ['what is no IPv4', DISCOVER, { protocol: 0x86dd }, false],
    ['TCP', changed(9, 6), {}, false],
    ['an IP header with options', changed(0, 0x46), {}, false],
    ['a first fragment', changed(6, 0x20), {}, false],
    ['a later fragment', changed(7, 0x10), {}, false],
    ['what ends before the message', DISCOVER.slice(0, 28), {}, false],
  ])('%s', (_what, bytes, beside, isCounted) => {
    expect(runFilter(FILTER, bytes, beside) > 0).toBe(isCounted);
  });
});
