import { expect, test } from 'vitest';
import { statusFrom } from '../../src/reporting/read-status.ts';

test.each([
  [null],
  ['text'],
  [5],
  [[]],
  [{}],
  [{ verdict: 'constructor' }],
  [{ verdict: 'served', segments: null }],
  [{ verdict: 'served', segments: [{}] }],
  [{ verdict: 'served', segments: [{ segment: 'web', verdict: 7 }] }],
])('what does not say whether a new guest would get an address is no status: %j', (answer) => {
  expect(() => statusFrom(answer)).toThrow(SyntaxError);
});

test('what a status of another version does not tell is empty', () => {
  const said = { status: 'serving', verdict: 'served', problems: null, settings: [null, { setting: 'A' }] };
  const expected = {
    ...{ status: 'serving', verdict: 'served', problems: [], settings: [{ setting: 'A' }] },
    ...{ shortcomings: [], refusedClients: [], rogueServers: [], clusterPeers: [], otherGateways: [] },
    ...{ pool: null, reception: null, listenIp: null, interface: null, transport: null },
  };

  expect(statusFrom(said)).toEqual(expected);
  expect(statusFrom({ verdict: 'served', segments: [{ segment: 'web', ...said }] })).toEqual({
    verdict: 'served',
    segments: [{ segment: 'web', ...expected }],
  });
});
