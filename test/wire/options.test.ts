import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/wire/decode.ts';
import type { Message } from '../../src/wire/message.ts';
import {
  optionCode,
  optionExample,
  optionFileName,
  optionFromText,
  optionName,
  optionToSetting,
  optionToText,
} from '../../src/wire/option-text.ts';
import { OPTIONS } from '../../src/wire/options.ts';
import { optionBlock, readOption } from '../../src/wire/read-option.ts';
import { whyNotSettable } from '../../src/wire/settable-options.ts';
import { ip, type PacketOption, packet, text, u32 } from '../support/packet.ts';

function withOptions(...options: PacketOption[]): Message {
  const bytes = packet({ options: [[53, 1], ...options] });
  const result = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!result.ok) throw new Error(result.malformed);
  return result;
}

describe('the option table', () => {
  const rows = Object.entries(OPTIONS);

  it('has each code once, none of them pad or end, in ascending order', () => {
    const codes = rows.map(([, option]) => option.code);

    expect(codes).toEqual([...new Set(codes)].sort((one, other) => one - other));
    expect(Math.min(...codes)).toBe(1);
    expect(Math.max(...codes)).toBeLessThan(255);
  });

  it('RFC 2132: has every option of it', () => {
    const codes = new Set(rows.map(([, option]) => option.code));
    // 62 and 63 are not of RFC 2132.
    for (let code = 1; code <= 76; code += 1) if (code !== 62 && code !== 63) expect(codes).toContain(code);
  });

  it('names the rule of each', () => {
    for (const [, option] of rows) expect(option.section).toMatch(/RFC \d+/);
  });
});

describe('an option by name', () => {
  it('is read with its type', () => {
    const message = withOptions(
      [3, ...ip('10.15.3.1'), ...ip('10.15.3.2')],
      [51, ...u32(600)],
      [15, ...text('vps.local')],
      [80],
      [93, 0, 7],
    );

    expect(readOption(message, 'routers')).toEqual([0x0a0f0301, 0x0a0f0302]);
    expect(readOption(message, 'leaseTime')).toBe(600);
    expect(readOption(message, 'domainName')).toBe('vps.local');
    expect(readOption(message, 'rapidCommit')).toBe(true);
    expect(readOption(message, 'clientArchitecture')).toEqual([7]);
  });

  it('is absent if it is not there, or not what its type allows', () => {
    const message = withOptions([3, 10, 15, 3], [51], [15, 200]);

    expect(readOption(message, 'routers')).toBeUndefined();
    expect(readOption(message, 'leaseTime')).toBeUndefined();
    expect(readOption(message, 'domainName')).toBeUndefined();
    expect(readOption(message, 'subnetMask')).toBeUndefined();
  });

  it('is made for sending, unless its type does not allow the value', () => {
    expect(optionBlock('interfaceMtu', 1450)).toEqual({ code: 26, value: Uint8Array.of(5, 170) });
    expect(optionBlock('interfaceMtu', 67)).toBeUndefined();
    expect(optionBlock('routers', [])).toBeUndefined();
  });
});

describe('options as text', () => {
  it.each([
    ['domainNameServers', 6],
    ['classlessRoutes', 121],
    ['121', 121],
    ['1', 1],
    ['254', 254],
    ['ntp_servers', 42],
    ['ntp-servers', 42],
    ['NTP Servers', 42],
    ['Domain Server', 6],
    ['Bootfile-Name', 67],
    ['TFTP server address', 150],
    ['Classless Static Route Option', 121],
    ['GeoConf Option', 123],
  ])('%s is code %i', (name, code) => {
    expect(optionCode(name)).toBe(code);
  });

  it.each(['', '0', '255', '256', '-1', '1.5', 'toString', 'nothing', '0x1'])('%j is no option', (name) => {
    expect(optionCode(name)).toBeUndefined();
  });

  it("a code has the table's name, else its number", () => {
    expect(optionName(6)).toBe('domainNameServers');
    expect(optionName(200)).toBe('200');
  });

  it.each([
    [6, '1.1.1.1, 1.0.0.1', [1, 1, 1, 1, 1, 0, 0, 1]],
    [15, 'vps.local', text('vps.local')],
    [26, '1450', [5, 170]],
    [51, '43200', [0, 0, 168, 192]],
    [119, 'vps.local', [3, ...text('vps'), 5, ...text('local'), 0]],
    [121, '10.0.0.0/8 10.15.3.2', [8, 10, 10, 15, 3, 2]],
    [200, '01:02:ff', [1, 2, 255]],
  ])('option %i: %s', (code, value, octets) => {
    expect(optionFromText(code, value)).toEqual(Uint8Array.from(octets));
    expect(optionToText(code, Uint8Array.from(octets))).toBe(value);
  });

  it.each([
    [
      121,
      '10.0.0.0/8 via 10.15.3.2, 10.16.0.0/12=10.15.3.3',
      [8, 10, 10, 15, 3, 2, 12, 10, 16, 10, 15, 3, 3],
    ],
    [6, 'hex:01:02', [1, 2]],
    [6, 'hex:', []],
    [200, 'text:hello', text('hello')],
    [200, 'ip:10.15.3.2,10.15.3.3', [...ip('10.15.3.2'), ...ip('10.15.3.3')]],
    [200, 'u8:7', [7]],
    [200, 'u16:1500', [5, 220]],
    [200, 'u32:1', [0, 0, 0, 1]],
    [200, 'bool:true', [1]],
    [114, 'https://portal.example.net/', text('https://portal.example.net/')],
  ])('option %i is written as %s', (code, value, octets) => {
    expect(optionFromText(code, value)).toEqual(Uint8Array.from(octets));
  });

  it.each([
    [200, 'u8:256'],
    [200, 'u16:-1'],
    [200, 'ip:10.15.3'],
    [200, 'hex:0'],
    [200, 'text:'],
    [200, 'octets:01'],
    [121, '10.0.0.0/8 10.15.3.2 10.15.3.3'],
    [121, '10.0.0.1/8 via 10.15.3.2'],
  ])('option %i is not written as %s', (code, value) => {
    expect(optionFromText(code, value)).toBeUndefined();
  });

  it('any octets of any option have a text that is read as the same octets', () => {
    const codes = fc.integer({ min: 1, max: 254 });

    fc.assert(
      fc.property(codes, fc.uint8Array({ maxLength: 64 }), (code, bytes) => {
        expect(optionFromText(code, optionToSetting(code, bytes))).toEqual(bytes);
      }),
    );
    // Octets that look like the name of a type.
    expect(optionToSetting(15, Uint8Array.from(text('hex:41')))).toBe('hex:68:65:78:3a:34:31');
  });

  it('each option has a name for settings, and an example that its type allows', () => {
    for (const { code } of Object.values(OPTIONS)) {
      expect(optionCode(optionFileName(code))).toBe(code);
      expect(optionFromText(code, optionExample(code))).toBeDefined();
    }
    expect(optionFileName(42)).toBe('ntp_servers');
    expect(optionFileName(224)).toBe('224');
  });

  it('what the server makes, what clients say, and what is not spoken cannot be set', () => {
    for (const code of [1, 50, 52, 53, 54, 55, 57, 61, 77, 82, 90, 93])
      expect(whyNotSettable(code)).toBeDefined();
    for (const code of [6, 12, 42, 43, 60, 66, 67, 121, 150, 224])
      expect(whyNotSettable(code)).toBeUndefined();
  });

  it('text that the type does not allow is none, and such octets are shown as they are', () => {
    expect(optionFromText(6, '1.1.1')).toBeUndefined();
    expect(optionFromText(200, 'hello')).toBeUndefined();
    expect(optionToText(6, Uint8Array.of(1, 1, 1))).toBe('01:01:01');
  });
});
