import { describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES, putFrameHeaders } from '../../../src/transport/linux/frame.ts';
import { readUdpFrame } from '../../support/frames.ts';
import { at } from '../../support/plan.ts';

/** What the transport would hand to the link layer, behind an Ethernet header. */
function framed(payload: Uint8Array, offset = 64): Buffer {
  const bytes = new Uint8Array(offset + payload.length + 32).fill(0xee);
  bytes.set(payload, offset);
  const view = new DataView(bytes.buffer);
  putFrameHeaders(view, offset, payload.length, at('10.15.3.10'), 67, at('10.15.3.77'), 68);
  const ethernet = [0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 2, 8, 0];
  return Buffer.from([...ethernet, ...bytes.subarray(offset - FRAME_HEADER_BYTES, offset + payload.length)]);
}

function ramp(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 37 + 11) & 255);
}

describe('the headers of a frame', () => {
  it.each([0, 1, 2, 3, 299, 300, 301, 1471, 1472])(
    'RFC 791 §3.1, RFC 768: with %i octets of payload both checksums are right, as another reader finds them',
    (length) => {
      const read = readUdpFrame(framed(ramp(length)));

      expect(read).toMatchObject({
        source: '10.15.3.10',
        sourcePort: 67,
        destination: '10.15.3.77',
        destinationPort: 68,
      });
      expect([...(read?.payload ?? [])]).toEqual([...ramp(length)]);
    },
  );

  it('RFC 768: the largest payload of all ones, whose sum carries most, is summed right', () => {
    expect(readUdpFrame(framed(new Uint8Array(65_507).fill(255)))?.payload).toHaveLength(65_507);
  });

  it('RFC 768: a checksum that comes to 0 is sent as 0xffff, as 0 would say that there is none', () => {
    const checksumOf = (payload: readonly number[]) => framed(Uint8Array.from(payload)).readUInt16BE(40);
    const bare = checksumOf([0, 0]);

    expect(checksumOf([bare >> 8, bare & 255])).toBe(0xffff);
  });

  it('nothing but the headers is written', () => {
    const bytes = new Uint8Array(128).fill(0xee);
    putFrameHeaders(new DataView(bytes.buffer), 64, 10, at('10.15.3.10'), 67, at('10.15.3.77'), 68);

    expect(bytes.subarray(0, 64 - FRAME_HEADER_BYTES).every((byte) => byte === 0xee)).toBe(true);
    expect(bytes.subarray(64).every((byte) => byte === 0xee)).toBe(true);
  });
});
