import { describe, expect, it } from 'vitest';
import { clientFqdnOf } from '../../src/wire/client-fqdn.ts';
import { text } from '../support/packet.ts';

const S = 1;
const O = 2;
const E = 4;
const N = 8;

function read(flags: number, ...name: number[]) {
  return clientFqdnOf(Uint8Array.from([flags, 0, 0, ...name]));
}

describe('client FQDN', () => {
  it.each([
    [0, false, false, false],
    [S, true, false, false],
    [O, false, true, false],
    [N, false, false, true],
    [0xff, true, true, true],
  ])('RFC 4702 §2.1: the flags of %i', (flags, serverUpdates, overridden, noUpdates) => {
    expect(read(flags)).toMatchObject({ serverUpdates, overridden, noUpdates });
  });

  it.each([
    ['a whole name', [4, ...text('vm-7'), 3, ...text('vps'), 5, ...text('local'), 0], 'vm-7.vps.local', true],
    ['a partial name', [4, ...text('vm-7')], 'vm-7', false],
    ['a single label with an end', [4, ...text('vm-7'), 0], 'vm-7', false],
    ['no name', [], undefined, false],
    ['the root', [0], undefined, false],
    ['a label that is cut', [9, ...text('vm-7')], undefined, false],
    ['a compressed one', [1, 97, 0xc0, 0], undefined, false],
    ['one with a blank', [3, ...text('a b'), 0], undefined, false],
  ])('RFC 4702 §2.3.1: %s', (_, octets, name, isComplete) => {
    expect(read(E, ...octets)).toMatchObject({ name, isComplete });
  });

  it.each([
    ['vm-7.vps.local', 'vm-7.vps.local', true],
    ['vm-7.vps.local.', 'vm-7.vps.local', true],
    ['vm-7\0', 'vm-7', false],
    ['', undefined, false],
    ['not a name', undefined, false],
  ])('RFC 4702 §2.3.1: the deprecated ASCII form, %j', (octets, name, isComplete) => {
    expect(read(0, ...text(octets))).toMatchObject({ name, isComplete });
  });

  it('a value without the three fixed octets is none', () => {
    for (let length = 0; length < 3; length += 1) {
      expect(clientFqdnOf(new Uint8Array(length))).toBeUndefined();
    }
  });
});
