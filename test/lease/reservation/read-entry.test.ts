import { describe, expect, test } from 'vitest';
import { readEntry } from '../../../src/lease/reservation/read-entry.ts';

const WHOLE = {
  mac: ['52:54:00:00:00:01', '52-54-00-00-00-02'],
  client_id: '01:52:54:00:00:00:01',
  circuit_id: 'AABB',
  port: 'tap104i0',
  address: '10.15.3.57',
  hostname: 'web-1.vps.local',
  vps_id: 'vps-7',
  organization_id: 'org-1',
  labels: { node: 'pve1' },
  options: { '66': 'tftp.vps.local', ntpServers: '10.15.3.1' },
  lease_time: 3600,
  note: 'asked for in ticket 4711',
};

/** What is wrong with an entry, as `pointer: detail`. */
function wrongWith(json: unknown, id = 'web-1'): readonly string[] {
  const read = readEntry(json, id);
  return 'entry' in read ? [] : read.problems.map(({ pointer, detail }) => `${pointer}: ${detail}`);
}

describe('the entry of a reservation', () => {
  test('is read with all its members; what is given in several forms is kept in one', () => {
    const read = readEntry(WHOLE, 'web-1');

    expect('entry' in read && read.entry).toMatchObject({
      id: 'web-1',
      macs: [0x525400000001, 0x525400000002],
      clientId: '01525400000001',
      circuitId: 'aabb',
      port: 'tap104i0',
      address: 0x0a0f0339,
      hostname: 'web-1.vps.local',
      vpsId: 'vps-7',
      organizationId: 'org-1',
      labels: { node: 'pve1' },
      options: { tftpServerName: 'tftp.vps.local', ntpServers: '10.15.3.1' },
      leaseTime: 3600,
      note: 'asked for in ticket 4711',
    });
  });

  test('may be nothing but its id, which is the VPS’s then; null is as good as absent', () => {
    const read = readEntry({ mac: null, address: null, note: null }, 'web-1');

    expect('entry' in read && read.entry).toMatchObject({
      id: 'web-1',
      vpsId: 'web-1',
      macs: [],
      labels: {},
    });
    expect('entry' in read && read.entry.address).toBeUndefined();
  });

  test.each(['.', '..'])('has no id that a path cannot name: %s', (id) => {
    const detail = 'is . or .., which no address of a request can name';

    expect(wrongWith({}, id)).toEqual([`/id: ${detail}`]);
    expect(readEntry({ id })).toEqual({ problems: [{ pointer: '/id', detail }] });
    expect(wrongWith({ vps_id: id }, `${id}a`)).toEqual([]);
  });

  test('has its id itself where nothing else names it', () => {
    expect('entry' in readEntry({ id: 'web-1' })).toBe(true);
    expect(readEntry({})).toEqual({ problems: [{ pointer: '/id', detail: 'is missing' }] });
  });

  test.each<[unknown, readonly RegExp[]]>([
    ['a text', [/^: is not an object$/]],
    [null, [/^: is not an object$/]],
    [[], [/^: is not an object$/]],
    [{ macs: [] }, [/^\/macs: is not a member of a reservation: it has id, address, mac/]],
    [{ version: 4 }, [/^\/version: is said by the server alone$/]],
    [{ id: 'web-2' }, [/^\/id: is not web-1/]],
    [{ mac: '52:54:00:00:00:01' }, [/^\/mac: is a list .*: write \["52:54:00:12:34:56"\]$/]],
    [{ mac: ['52:54:00:00:00:01', 'x', 7] }, [/^\/mac\/1: is not a MAC/, /^\/mac\/2: is not a MAC/]],
    [{ mac: ['ff:ff:ff:ff:ff:ff'] }, [/^\/mac\/0: is not a MAC/]],
    [{ mac: ['00:00:00:00:00:00'] }, [/^\/mac\/0: is not a MAC/]],
    [{ mac: ['01:00:5e:00:00:01'] }, [/^\/mac\/0: is not a MAC/]],
    [{ mac: ['52:54:00:00:00:01', '52-54-00-00-00-01'] }, [/^\/mac: names a MAC address twice/]],
    [
      { mac: Array.from({ length: 17 }, (_, n) => `52:54:00:00:01:${10 + n}`) },
      [/^\/mac: is a list of at most 16/],
    ],
    [{ client_id: '01' }, [/^\/client_id: is 2 to 255 octets/]],
    [{ client_id: 'nothing' }, [/^\/client_id: is 2 to 255 octets/]],
    [{ circuit_id: '' }, [/^\/circuit_id: is 1 to 255 octets/]],
    [{ port: 'a port' }, [/^\/port: is not the name of a port/]],
    [
      { address: '10.15.3.300' },
      [/^\/address: is not an address: 10\.15\.3\.300 \(write one as 10\.15\.3\.57\)$/],
    ],
    [{ address: 168_821_561 }, [/^\/address: is not an address: 168821561 /]],
    [{ address: 'a\n'.repeat(30) }, [/^\/address: is not an address: (a\?){20}\.\.\. /]],
    [{ mac: ['zz', 7] }, [/^\/mac\/0: .*: zz \(write one as 52:/, /^\/mac\/1: .*: 7 \(/]],
    [{ hostname: 'web_1' }, [/^\/hostname: is not a host name/]],
    [{ hostname: '-web' }, [/^\/hostname: is not a host name/]],
    [{ hostname: 'a'.repeat(64) }, [/^\/hostname: is not a host name/]],
    [{ hostname: 'web.' }, [/^\/hostname: is not a host name/]],
    [{ vps_id: ' x' }, [/^\/vps_id: is 1 to 64 characters/]],
    [{ organization_id: '' }, [/^\/organization_id: is 1 to 64 characters/]],
    [{ organization_id: 'a\nb' }, [/^\/organization_id: is 1 to 64 characters/]],
    [{ labels: ['a'] }, [/^\/labels: is an object/]],
    [{ labels: { 'a/b': 7 } }, [/^\/labels\/a~1b: is a text of at most 255/]],
    [{ labels: { node: 'a\u202eb' } }, [/^\/labels\/node: is a text of at most 255/]],
    [{ options: { '12': 'web' } }, [/^\/options\/12: is set by the member hostname$/]],
    [{ options: { leaseTime: '60' } }, [/^\/options\/leaseTime: is set by the member lease_time$/]],
    [
      { options: { serverIdentifier: '10.15.3.1' } },
      [/^\/options\/serverIdentifier: is made by the server itself$/],
    ],
    [{ options: { 255: 'aa' } }, [/^\/options\/255: is not an option/]],
    [{ options: { nonsense: 'aa' } }, [/^\/options\/nonsense: is not an option/]],
    [
      { options: { ntpServers: 'ntp' } },
      [/^\/options\/ntpServers: is not a value of option 42: write 10\.15\.3\.2, 10\.15\.3\.3$/],
    ],
    [{ options: { 42: '10.15.3.1', ntpServers: '10.15.3.2' } }, [/^\/options\/ntpServers: is there twice/]],
    [{ lease_time: 0 }, [/^\/lease_time: is a whole number of seconds from 60/]],
    [{ lease_time: '3600' }, [/^\/lease_time: is a whole number/]],
    [{ lease_time: 1e20 }, [/^\/lease_time: is a whole number/]],
    [{ note: 'two\nlines' }, [/^\/note: is 1 to 1000 characters/]],
  ])('%j is refused, with where and what', (json, expected) => {
    const found = wrongWith(json);

    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
  });

  test('is told everything that is wrong with it at once', () => {
    expect(wrongWith({ mac: 1, address: 'x', labels: 1 })).toHaveLength(3);
  });

  test.each(['', ' a', 'a'.repeat(65), 'a\u0000'])('%j is no id', (id) => {
    expect(wrongWith({}, id)).toEqual([expect.stringMatching(/^\/id: is 1 to 64 characters/)]);
  });

  test('a label may have the name of what every object has', () => {
    const read = readEntry(JSON.parse('{"labels": {"__proto__": "x", "constructor": "y"}}'), 'web-1');

    expect('entry' in read && Object.entries(read.entry.labels)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});
