import { LONGEST_PART } from './layout.ts';
import { OPTIONS } from './options.ts';

/** Octets of the options whose values all have one length, by the option table; -1: they differ. */
const SIZE_OF_CODE = new Int8Array(256).fill(-1);
for (const { code, codec } of Object.values(OPTIONS)) SIZE_OF_CODE[code] = codec.size ?? -1;

/**
 * The value of an option that occurs more than once, from its parts in the order of reading.
 *
 * RFC 3396 §7: the parts of one value are joined. Deviates from RFC 3396 §7 where they are no parts of one value, but the
 * option was sent again:
 * - An option of fixed length is never too long for one part, so its first whole value counts. A systemd-networkd whose
 *   settings name option 50 sends it twice, with two addresses; dhcpd, Kea and dnsmasq answer it.
 * - A part that equals the first one is a repetition and is left out, unless it is as long as a part can be: a client
 *   that sends its identifier, its name or its class twice means the same as if it had sent it once, and stays the same
 *   client. RFC 3396 does not say where a value is split, but who splits fills the parts, or the room that a field has
 *   left; two equal parts of less than 255 octets come from nowhere else.
 */
export function joinParts(code: number, parts: readonly Uint8Array[]): Uint8Array {
  const size = SIZE_OF_CODE[code] ?? -1;
  if (size < 0) return joined(withoutRepetitions(parts));
  return parts.find(({ length }) => length === size) ?? joined(parts);
}

/** Compared with the first only: what a guest sends may have a thousand parts. */
function withoutRepetitions(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const [first] = parts;
  if (first === undefined || first.length === LONGEST_PART) return parts;
  return parts.filter((part, index) => index === 0 || !isSame(part, first));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
