import type { OptionBlock } from './reply.ts';

/** The MTU that an option says, in octets (RFC 2132 §5.1); undefined: it is absent, or is not two octets long. */
export function mtuIn(value: OptionBlock['value'] | undefined): number | undefined {
  if (!(value instanceof Uint8Array)) return value;
  if (value.length !== 2) return undefined;
  return new DataView(value.buffer, value.byteOffset).getUint16(0);
}
