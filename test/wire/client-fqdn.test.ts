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

  it.each([
    ['E, and ASCII as printers send it', E, text('NPI1A2B3C'), 'NPI1A2B3C', false],
    ['E, and ASCII with its domain', E, text('3com-printer.lan'), '3com-printer.lan', true],
    ['E, and ASCII with a NUL', E | S, [...text('printer'), 0], 'printer', false],
    ['no E, and DNS wire form', S, [4, ...text('vm-7'), 3, ...text('lan'), 0], 'vm-7.lan', true],
    ['E, and a name in UTF-8', E, [8, ...text('jürgen1'), 3, ...text('lan'), 0], 'jürgen1.lan', true],
    ['no E, and a name in UTF-8', 0, text('東京.lan'), '東京.lan', true],
    ['E, and UTF-8 that is none', E, [2, 0xc0, 0xaf, 0], undefined, false],
    ['a name that would turn the direction', 0, text('a\u202eb'), undefined, false],
    ['C1', 0, text('a\u009bb'), undefined, false],
    ['a blank of another script', 0, text('a\u3000b'), undefined, false],
    ['a label of 64 octets', 0, text('ü'.repeat(32)), undefined, false],
    ['more than 253 octets', 0, text('ü'.repeat(31).concat('.').repeat(4).concat('abc')), undefined, false],
  ])('RFC 4702 §2.3.1: the name is read in either form: %s', (_, flags, octets, name, isComplete) => {
    expect(read(flags, ...octets)).toMatchObject({ name, isComplete });
  });

  it('a value without the three fixed octets is none', () => {
    for (let length = 0; length < 3; length += 1) {
      expect(clientFqdnOf(new Uint8Array(length))).toBeUndefined();
    }
  });
});
