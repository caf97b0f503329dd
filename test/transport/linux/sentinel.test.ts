import { describe, expect, it } from 'vitest';
import { hardwareFromText } from '../../../src/net/hardware-address.ts';
import { sentinelFilter } from '../../../src/transport/linux/sentinel.ts';
import { sentinelFrame } from '../../../src/transport/linux/sentinel-frame.ts';
import { type BesideTheData, runFilter } from '../../support/bpf.ts';
import { type UdpFrame, udpFrame } from '../../support/frames.ts';
import { mac, messageType, type PacketFields, packet } from '../../support/packet.ts';
import { at } from '../../support/plan.ts';

const GUEST = '52:54:00:00:00:01';
const OTHER = '52:54:00:00:00:02';
const OPTIONS = {
  linkIndex: 7,
  listenIp: at('10.15.3.10'),
  broadcast: at('10.15.3.255'),
  serverPort: 67,
  clientPort: 68,
  checksChaddr: true,
};
const FILTER = sentinelFilter(OPTIONS);

/** From the IP header on, as the socket has it. */
function frame(fields: PacketFields, envelope: Partial<UdpFrame> = {}): Uint8Array {
  return udpFrame({
    destinationHardware: 'ff:ff:ff:ff:ff:ff',
    sourceHardware: GUEST,
    source: '0.0.0.0',
    sourcePort: 68,
    destination: '255.255.255.255',
    destinationPort: 67,
    payload: packet({ chaddr: GUEST, options: [messageType('DHCPDISCOVER')], ...fields }),
    ...envelope,
  }).slice(14);
}

const TO_ALL: BesideTheData = { packetType: 1, frameSource: mac(GUEST) };
const TO_US: BesideTheData = { packetType: 0, frameSource: mac(GUEST) };
const UNICAST = { destination: '10.15.3.10' } as const;
const REPLY = { op: 2 } as const;
const OF_SERVER = { source: '10.15.3.66', sourcePort: 67, destinationPort: 68 } as const;

/** With four words of IP options. */
function withIpOptions(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([0x49, ...bytes.slice(1, 20), ...new Uint8Array(16), ...bytes.slice(20)]);
}

describe('the filter of the sentinel', () => {
  it.each<[string, Uint8Array, BesideTheData, boolean]>([
    ["a client's broadcast", frame({}), TO_ALL, false],
    ["a client's broadcast with IP options", withIpOptions(frame({})), TO_ALL, false],
    ["a client's unicast", frame({}, { ...UNICAST, source: '10.15.3.30' }), TO_US, false],
    ['a forged broadcast', frame({ chaddr: OTHER }), TO_ALL, true],
    ['a forged broadcast with IP options', withIpOptions(frame({ chaddr: OTHER })), TO_ALL, true],
    [
      'a forged broadcast to the segment',
      frame({ chaddr: OTHER }, { destination: '10.15.3.255' }),
      TO_ALL,
      true,
    ],
    [
      'a renewal that a router has passed on',
      frame({ chaddr: OTHER }, { ...UNICAST, source: '10.15.3.30' }),
      TO_US,
      true,
    ],
    [
      'what this host passes on to another server',
      frame({ chaddr: OTHER }, { destination: '192.0.2.9' }),
      TO_US,
      false,
    ],
    [
      "a relay's",
      frame({ chaddr: OTHER, giaddr: '10.15.3.5' }, { ...UNICAST, source: '10.15.3.5' }),
      TO_US,
      false,
    ],
    ['what cannot be judged', frame({ htype: 32, hlen: 0 }), TO_ALL, false],
    ['a unicast from 0.0.0.0, which the kernel drops', frame({}, UNICAST), TO_US, true],
    ['the same in a frame to all stations, which nobody sends', frame({}, UNICAST), TO_ALL, false],
    ["another server's broadcast reply", frame(REPLY, OF_SERVER), TO_ALL, true],
    [
      "another server's reply to a relay's port",
      frame(REPLY, { ...OF_SERVER, destinationPort: 67 }),
      TO_ALL,
      true,
    ],
    [
      "another server's reply to a client of an odd port",
      frame(REPLY, { ...OF_SERVER, destinationPort: 999 }),
      TO_ALL,
      true,
    ],
    ['a reply to this gateway', frame(REPLY, { ...OF_SERVER, ...UNICAST }), TO_US, true],
    [
      'a reply that this host passes on',
      frame(REPLY, { ...OF_SERVER, destination: '192.0.2.9' }),
      TO_US,
      false,
    ],
    ['our own reply, looped back', frame(REPLY, { ...OF_SERVER, source: '10.15.3.10' }), TO_ALL, false],
    ['a request to the port of clients', frame({}, { destinationPort: 68 }), TO_ALL, false],
    ['what this host sends', frame({ chaddr: OTHER }), { ...TO_ALL, packetType: 4 }, false],
    ['what is for another station', frame(REPLY, OF_SERVER), { ...TO_ALL, packetType: 3 }, false],
    ['what is of a VLAN', frame({ chaddr: OTHER }), { ...TO_ALL, vlan: 5 }, false],
    ['what has the VLAN tag of a mere priority', frame({ chaddr: OTHER }), { ...TO_ALL, vlan: 0xe000 }, true],
    ['what is no IPv4', frame({ chaddr: OTHER }), { ...TO_ALL, protocol: 0x86dd }, false],
    ['TCP', frame({ chaddr: OTHER }).with(9, 6), TO_ALL, false],
    ['a later fragment', frame({ chaddr: OTHER }).with(7, 16), TO_ALL, false],
    ['DNS', frame({}, { sourcePort: 53, destinationPort: 5353 }), TO_ALL, false],
    ['what ends before the message', frame({ chaddr: OTHER }).slice(0, 28), TO_ALL, false],
  ])('%s', (_what, bytes, beside, passes) => {
    expect(runFilter(FILTER, bytes, beside) > 0).toBe(passes);
  });

  it('passes nothing as forged where the UDP sockets do not check it', () => {
    const filter = sentinelFilter({ ...OPTIONS, checksChaddr: false });

    const passes = [frame({ chaddr: OTHER }), frame(REPLY, OF_SERVER)].map(
      (one) => runFilter(filter, one, TO_ALL) > 0,
    );

    expect(passes).toEqual([false, true]);
  });
});

describe('a frame of the sentinel', () => {
  const read = (bytes: Uint8Array, sender = GUEST, checksChaddr = true) =>
    sentinelFrame(
      new DataView(bytes.buffer, bytes.byteOffset),
      0,
      bytes.length,
      hardwareFromText(sender) ?? (0 as never),
      checksChaddr,
    );

  it('is read behind IP options and before padding', () => {
    const bytes = Uint8Array.from([...frame({}, UNICAST), 1, 2, 3]);
    const withOptions = withIpOptions(frame({}, UNICAST));
    new DataView(withOptions.buffer).setUint16(2, withOptions.length);

    expect(read(bytes)).toMatchObject({ offset: 28, length: 300, source: 0, target: at('10.15.3.10') });
    expect(read(withOptions)).toMatchObject({ offset: 44, length: 300 });
  });

  it.each([
    ['has no room for an IP header', (bytes: Uint8Array) => bytes.slice(0, 19)],
    ['is longer by its IP header than it is', (bytes: Uint8Array) => bytes.with(2, 9)],
    ['is longer by its UDP header than by its IP header', (bytes: Uint8Array) => bytes.with(24, 9)],
    ['ends within its UDP header', (bytes: Uint8Array) => bytes.with(2, 0).with(3, 27)],
    ['has a UDP length of less than its header', (bytes: Uint8Array) => bytes.with(24, 0).with(25, 7)],
    ['is a first fragment', (bytes: Uint8Array) => bytes.with(6, 0x20)],
    ['has an IP header of less than five words', (bytes: Uint8Array) => bytes.with(0, 0x44)],
  ])('counts as nothing where it %s', (_what, change) => {
    expect(read(change(frame({})))).toBeUndefined();
  });

  it('is read at every length without a fault', () => {
    const bytes = frame({ chaddr: OTHER });
    const read20 = Array.from({ length: bytes.length }, (_, length) => read(bytes.slice(0, length)));

    expect(read20.every((one) => one === undefined)).toBe(true);
  });

  it("tells the frame's source of a server's reply, and of a client's message from another card", () => {
    const [guest, other] = [GUEST, OTHER].map(hardwareFromText);

    expect(read(frame(REPLY, OF_SERVER), OTHER)?.frameSource).toBe(other);
    expect(read(frame({ chaddr: OTHER }))?.frameSource).toBe(guest);
    expect(read(frame({}))?.frameSource).toBeUndefined();
    expect(read(frame({ chaddr: OTHER, giaddr: '10.15.3.5' }))?.frameSource).toBeUndefined();
    expect(read(frame({ chaddr: OTHER }), GUEST, false)?.frameSource).toBeUndefined();
  });

  it('that only looks like a reply, at the port of clients, is nothing', () => {
    expect(read(frame({ ...REPLY, cookie: [1, 2, 3, 4] }, OF_SERVER))).toBeUndefined();
  });
});
