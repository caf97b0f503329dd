import { describe, expect, test } from 'vitest';
import type { GatewayError } from '../../src/errors.ts';
import { nodesFromText } from '../../src/sharing/node-list.ts';

function problems(text: string): readonly string[] {
  try {
    nodesFromText(text);
  } catch (error) {
    const { code, message } = error as GatewayError;
    const [first, ...others] = message.split('\n  ');
    expect([code, first]).toEqual(['bad-settings', '--nodes cannot be used:']);
    return others;
  }
  return [];
}

describe('a list of nodes', () => {
  test('has a name and an address for each, with blanks where people put them', () => {
    expect(nodesFromText('node1=192.0.2.11, pve-2.example = 192.0.2.12 ,n_3=2001:DB8:0:0::13')).toEqual([
      { name: 'node1', address: '192.0.2.11' },
      { name: 'pve-2.example', address: '192.0.2.12' },
      { name: 'n_3', address: '2001:db8::13' },
    ]);
  });

  test.each([
    ['', /'': it names no node; write node1=/],
    ['node1', /'node1': is not a name and an address; write name=address/],
    ['192.0.2.11', /is not a name and an address/],
    ['node1=', /'' is not an IP address; write the node's own/],
    ['=192.0.2.11', /'' is not a name; write up to 63/],
    ['a=b=c', /is not a name and an address/],
    ['-x=192.0.2.11', /'-x' is not a name/],
    ['../x=192.0.2.11', /'..\/x' is not a name/],
    [`${'x'.repeat(64)}=192.0.2.11`, /is not a name; write up to 63/],
    ['node1=192.0.2.311', /'192.0.2.311' is not an IP address/],
    ['node1=192.0.2', /is not an IP address/],
    ['node1=pve1.example', /'pve1.example' is not an IP address/],
    ['node1=https://192.0.2.11:2379', /is more than an address; write it without https/],
    ['node1=192.0.2.11:2379', /is more than an address/],
    ['node1=192.0.2.11/24', /is more than an address/],
    ['node1=[2001:db8::11]', /is more than an address/],
    ['node1=127.0.0.1', /is no address by which other nodes reach it/],
    ['node1=0.0.0.0', /is no address by which/],
    ['node1=224.0.0.1', /is no address by which/],
    ['node1=::1', /is no address by which/],
    ['node1=::', /is no address by which/],
    ['node1=fe80::1%eth0', /is no address by which/],
    ['node1=ff02::1', /is no address by which/],
    ['node1=::ffff:192.0.2.11', /is no address by which/],
  ])('%s is refused', (text, words) => {
    expect(problems(text)).toEqual([expect.stringMatching(words)]);
  });

  test('every problem is named at once, and a name or an address that is there twice', () => {
    expect(problems('node1=192.0.2.11,Node1=192.0.2.12,node3=192.0.2.11,,node4')).toEqual([
      "'Node1=192.0.2.12': has the name of node1=192.0.2.11; give each node a name of its own",
      "'node3=192.0.2.11': has the address of node1; write each node's own address",
      expect.stringMatching(/^'': nothing stands between two commas/),
      expect.stringMatching(/^'node4': is not a name and an address/),
    ]);
  });

  test('one IPv6 address in two forms is one address', () => {
    expect(problems('a=2001:db8::1,b=2001:DB8:0::1')).toEqual([
      expect.stringMatching(/has the address of a/),
    ]);
  });
});
