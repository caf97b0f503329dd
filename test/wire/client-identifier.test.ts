import { describe, expect, it } from 'vitest';
import { describeClientIdentifier, nodeIdentifierOf } from '../../src/wire/client-identifier.ts';
import { hex } from '../support/packet.ts';

describe('client identifiers', () => {
  it.each([
    ['an Ethernet address', '01 525400000001', '52:54:00:00:00:01'],
    ['a name', '00 766d2d37', '"vm-7"'],
    ['octets of type 0', '00 766d0a', '00:76:6d:0a'],
    ['another link layer', '20 0102030405060708', '20:01:02:03:04:05:06:07:08'],
    ['nothing', '', ''],
    ['one octet', '01', '01'],
    [
      'IAID and DUID-LLT',
      'ff 00000001 0001 0001 2c3f5a1b 525400000001',
      'IAID 00000001 DUID-LLT 00:01:00:01:2c:3f:5a:1b:52:54:00:00:00:01',
    ],
    ['IAID and DUID-EN', 'ff 56503498 0002 0000ab11 9e', 'IAID 56503498 DUID-EN 00:02:00:00:ab:11:9e'],
    ['IAID and DUID-LL', 'ff f0000001 0003 0001 5254', 'IAID f0000001 DUID-LL 00:03:00:01:52:54'],
    ['IAID and DUID-UUID', 'ff 00000001 0004 aabb', 'IAID 00000001 DUID-UUID 00:04:aa:bb'],
    ['a DUID of another type', 'ff 00000001 0102', 'IAID 00000001 DUID 01:02'],
    ['type 255 that is cut', 'ff 00000001 00', 'ff:00:00:00:01:00'],
  ])('RFC 4361 §6.1: %s', (_, octets, description) => {
    expect(describeClientIdentifier(hex(octets))).toBe(description);
  });

  it('RFC 4361 §6.1: IAID and DUID are told apart', () => {
    expect(nodeIdentifierOf(hex('ff fffffffe 0003 0001 525400000001'))).toEqual({
      iaid: 0xfffffffe,
      duid: hex('0003 0001 525400000001'),
    });
    expect(nodeIdentifierOf(hex('01 525400000001'))).toBeUndefined();
  });
});
