import { readdirSync, readFileSync } from 'node:fs';
import { hex, type PacketOption, packet } from '../support/packet.ts';
import type { SeededRandom } from '../support/random.ts';

const FOLDER = new URL('../fixtures/packets/', import.meta.url);
const CAPTURED = readdirSync(FOLDER).map((file) => hex(readFileSync(new URL(file, FOLDER), 'utf8')));

/** Codes whose places the decoder keeps, those that change its course, and some that it does not know. */
const CODES = [
  0, 1, 12, 50, 51, 52, 52, 53, 53, 54, 55, 57, 61, 80, 81, 82, 118, 119, 121, 43, 200, 255,
] as const;

/** One hostile or odd datagram. */
export function anyDatagram(random: SeededRandom): Uint8Array {
  switch (random.below(5)) {
    case 0:
      return Uint8Array.from(random.octets(random.below(700)));
    case 1:
      return optionSoup(random);
    case 2:
      return wholeOptions(random);
    default:
      return mutated(random, CAPTURED[random.below(CAPTURED.length)] ?? packet());
  }
}

/** A good header, and octets behind the cookie, in file and in sname that are made of known codes and any lengths. */
function optionSoup(random: SeededRandom): Uint8Array {
  const soup = (size: number) =>
    Array.from({ length: size }, () => (random.chance(40) ? random.pick(CODES) : random.below(8)));
  const overload: PacketOption[] = random.chance(60) ? [[52, random.below(5)]] : [];
  const header = packet({
    hlen: random.below(18),
    options: overload,
    end: false,
    padTo: 0,
    sname: soup(random.below(65)),
    file: soup(random.below(129)),
  });
  return Uint8Array.from([...header, ...soup(random.below(400))]);
}

/** Options that are whole, repeated ones among them. */
function wholeOptions(random: SeededRandom): Uint8Array {
  const options = Array.from({ length: random.below(14) }, (): PacketOption => {
    const code = random.pick(CODES);
    if (code === 52) return [52, random.below(4)];
    if (code === 53 && random.chance(90)) return [53, random.below(12)];
    return [code, ...random.octets(random.pick([0, 1, 2, 4, 4, 4, 6, 8, 30, 255] as const))];
  });
  // What a client sends twice it often sends twice alike.
  const repeated = options.filter(() => random.chance(15));
  return packet({
    htype: random.below(3),
    options: [...options, ...repeated],
    end: random.chance(80),
    padTo: random.pick([0, 300, 576] as const),
  });
}

function mutated(random: SeededRandom, original: Uint8Array): Uint8Array {
  const bytes = [...original];
  for (let count = random.below(6); count >= 0; count -= 1) {
    const at = random.chance(70)
      ? 236 + random.below(Math.max(1, bytes.length - 236))
      : random.below(bytes.length);
    if (random.chance(50)) bytes[at] = random.below(256);
    else if (random.chance(40)) bytes.splice(at, random.below(8));
    else if (random.chance(60)) bytes.splice(at, 0, ...random.octets(random.below(6)));
    else bytes.length = at;
  }
  return Uint8Array.from(bytes);
}
