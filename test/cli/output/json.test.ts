import { expect, test } from 'vitest';
import { jsonText } from '../../../src/cli/output/json.ts';

test('JSON for programs has its names in snake case, at every depth', () => {
  const value = { listenIp: null, problems: [{ stopsNewGuests: true, remedy: 'listenIp' }], at: 1 };

  expect(JSON.parse(jsonText(value))).toEqual({
    listen_ip: null,
    problems: [{ stops_new_guests: true, remedy: 'listenIp' }],
    at: 1,
  });
});

test('words that are data stay as they are, where they are names of members', () => {
  const tallies = { 'not-for-us': 1, DHCPDISCOVER: 2, GATEWAY_DHCP_DNS: 3, 121: 4, vps_id: 5, bound: 6 };

  expect(JSON.parse(jsonText({ tallies }))).toEqual({ tallies });
});
