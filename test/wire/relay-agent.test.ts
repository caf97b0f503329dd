import { describe, expect, it } from 'vitest';
import { relayAgentOf, subOption } from '../../src/wire/relay-agent.ts';
import { ip, optionBytes, text } from '../support/packet.ts';

const NOTHING = {
  circuitId: undefined,
  remoteId: undefined,
  linkSelection: undefined,
  serverIdentifierOverride: undefined,
};

describe('relay agent information', () => {
  it('RFC 3046 §3.1, RFC 3527 §3, RFC 5107 §4: each sub-option is read', () => {
    const value = Uint8Array.from(
      optionBytes([
        [1, ...text('ge-0/0/1')],
        [2, 1, 2, 3],
        [5, ...ip('192.168.7.1')],
        [9, 1, 2],
        [11, ...ip('10.99.0.1')],
      ]),
    );

    expect(relayAgentOf(value)).toEqual({
      circuitId: Uint8Array.from(text('ge-0/0/1')),
      remoteId: Uint8Array.of(1, 2, 3),
      linkSelection: 0xc0a80701,
      serverIdentifierOverride: 0x0a630001,
    });
    expect(subOption(value, 9)).toEqual(Uint8Array.of(1, 2));
    expect(subOption(value, 3)).toBeUndefined();
  });

  it.each([
    ['nothing', []],
    ['a code alone', [5]],
    ['an address that is cut', [5, 4, 192, 168, 7]],
    ['an address of three octets', [5, 3, 192, 168, 7]],
    ['an address of five octets', [5, 5, 192, 168, 7, 1, 1]],
    ['an overlong sub-option before it', [9, 200, 5, 4, 192, 168, 7, 1]],
  ])('%s says nothing', (_, value) => {
    expect(relayAgentOf(Uint8Array.from(value))).toEqual(NOTHING);
  });

  it('what was before a truncated sub-option counts', () => {
    expect(relayAgentOf(Uint8Array.from([5, 4, 192, 168, 7, 1, 1, 9]))).toEqual({
      ...NOTHING,
      linkSelection: 0xc0a80701,
    });
  });

  it('RFC 3046 §2.0: 0 and 255 are sub-options like others, not pad and end', () => {
    const value = Uint8Array.from([0, 1, 7, 255, 0, 5, 4, 192, 168, 7, 1]);

    expect(relayAgentOf(value).linkSelection).toBe(0xc0a80701);
  });

  it('of a repeated sub-option the first counts', () => {
    const value = Uint8Array.from([5, 4, 1, 1, 1, 1, 5, 4, 2, 2, 2, 2]);

    expect(relayAgentOf(value).linkSelection).toBe(0x01010101);
  });

  it('cut anywhere it never fails', () => {
    const value = Uint8Array.from(
      optionBytes([
        [1, 1, 2, 3],
        [5, ...ip('10.0.0.1')],
        [11, ...ip('10.0.0.2')],
      ]),
    );

    for (let length = 0; length <= value.length; length += 1) {
      const { linkSelection } = relayAgentOf(value.subarray(0, length));
      expect(linkSelection).toBe(length >= 11 ? 0x0a000001 : undefined);
    }
  });
});
