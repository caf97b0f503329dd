import { udpFrame } from './frames.ts';
import { ip, messageType, packet } from './packet.ts';

const HARDWARE = '52:54:00:66:66:66';
/** Ethernet, IPv4 and UDP headers. */
const HEADERS = 42;
const TEMPLATES = 512;

/**
 * Endless frames with malformed messages, the same for the same seed: random octets, cut messages, wrong header
 * fields, options that are cut, overlong, repeated or without end. By broadcast and by unicast in turn.
 */
export function* malformedPackets(seed: number, serverHardware: string): Generator<Uint8Array, never> {
  const random = randomOf(seed);
  const frames = Array.from({ length: TEMPLATES }, (_, index) =>
    frameOf(malformed(random, index), index, serverHardware),
  );
  for (let number = 0; ; number += 1) {
    const frame = frames[number % TEMPLATES] ?? new Uint8Array();
    // Some octets behind chaddr anew each time; the checksum was left out, so that the kernel takes it all the same.
    const room = frame.length - HEADERS - 240;
    if (room > 0 && number >= TEMPLATES) {
      for (let octet = 0; octet < 4; octet += 1) frame[HEADERS + 240 + (random() % room)] = random() & 255;
    }
    yield frame;
  }
}

function malformed(random: () => number, index: number): Uint8Array {
  const octets = (count: number) => Array.from({ length: count }, () => random() & 255);
  const type = messageType('DHCPREQUEST');
  // chaddr is the frame's source: what is forged ends in the kernel.
  switch (index % 8) {
    case 0:
      return Uint8Array.from(octets(random() % 700));
    case 1: // cut inside the header
      return packet({ chaddr: HARDWARE, options: [messageType('DHCPDISCOVER')] }).subarray(0, random() % 240);
    case 2: // another vendor's cookie, or a hardware address longer than its field
      return random() % 2 === 0
        ? packet({ chaddr: HARDWARE, cookie: octets(4), options: [type] })
        : packet({ chaddr: HARDWARE, hlen: 17 + (random() % 239), options: [type] });
    case 3:
      return packet({ chaddr: HARDWARE, op: 3 + (random() % 253), options: [type] });
    case 4: // a message type that is not one octet, or unknown
      return packet({
        chaddr: HARDWARE,
        options: random() % 2 === 0 ? [[53], type] : [[53, 9 + (random() % 247)]],
      });
    case 5: // an option that runs past the end
      return packet({ chaddr: HARDWARE, options: [type, [61, ...octets(200)]] }).subarray(
        0,
        260 + (random() % 100),
      );
    case 6: // overload, repeated options, relay agent sub-options: random octets in every field
      return packet({
        chaddr: HARDWARE,
        giaddr: '10.99.0.1',
        sname: octets(64),
        file: octets(128),
        options: [
          type,
          [52, 3],
          [82, ...octets(60)],
          [82, ...octets(255)],
          [57, ...octets(3)],
          [55, ...octets(90)],
        ],
      });
    default: // no end, and random octets as options
      return packet({ chaddr: HARDWARE, end: false, options: [type, [50, ...ip('192.0.2.1')]] }).map(
        (octet, at) => (at >= 252 ? random() & 255 : octet),
      );
  }
}

function frameOf(payload: Uint8Array, index: number, serverHardware: string): Uint8Array {
  const isUnicast = index % 2 === 1;
  const frame = udpFrame({
    sourceHardware: HARDWARE,
    destinationHardware: isUnicast ? serverHardware : 'ff:ff:ff:ff:ff:ff',
    source: isUnicast ? '10.15.3.200' : '0.0.0.0',
    destination: isUnicast ? '10.15.3.10' : '255.255.255.255',
    sourcePort: 68,
    destinationPort: 67,
    payload,
  });
  frame[40] = 0;
  frame[41] = 0;
  return frame;
}

/** xorshift32: whole numbers from 0 to 2^32 - 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
