import { expect, test } from 'vitest';
import { LateReleases } from './late-releases.ts';

const RELEASE = { address: '10.15.3.20', server: '10.15.3.11', sentAt: 1000 };
const BOUND = { address: '10.15.3.20', boundAt: 1100, holds: true };

function arrivedLate(): LateReleases {
  const releases = new LateReleases();
  releases.arrived(RELEASE, BOUND, 2000);
  return releases;
}

test('a release that arrives before its client has bound anew is no late one', () => {
  const releases = new LateReleases();
  releases.arrived(RELEASE, { ...BOUND, boundAt: 900 }, 2000);

  expect([releases.isUndone, ...releases.takenBy]).toEqual([false]);
});

test('what another gateway confirms is still released for the one that took the release', () => {
  const releases = arrivedLate();
  releases.bound('10.15.3.20', '10.15.3.12', 3000);

  expect([releases.isUndone, ...releases.takenBy]).toEqual([false, '10.15.3.11']);
});

test.each(['confirms the address', 'hears the client ask for it'])('until that one %s', (which) => {
  const releases = arrivedLate();
  if (which === 'confirms the address') releases.bound('10.15.3.20', '10.15.3.11', 3000);
  else releases.heardBy('10.15.3.11');

  expect([...releases.takenBy]).toEqual([]);
});

test('a release that comes between a DHCPREQUEST and its DHCPACK is late too', () => {
  const releases = new LateReleases();
  releases.arrived(RELEASE, { ...BOUND, holds: false }, 2000);
  releases.bound('10.15.3.20', '10.15.3.12', 1500);

  expect([releases.isUndone, ...releases.takenBy]).toEqual([true, '10.15.3.11']);
});
