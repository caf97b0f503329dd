import { expect, test } from 'vitest';
import { DiscoverRetries } from '../../src/detection/discover-retries.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';

function client(number: number) {
  return keyOfIdentifier(Uint8Array.of(1, number >>> 16, (number >>> 8) & 255, number & 255));
}

test('a client that asks a second time within ten seconds has asked before', () => {
  const discoverRetries = new DiscoverRetries();
  const said = [0, 4000, 13_999, 24_000].map((monotonic) => {
    discoverRetries.note(client(1), monotonic);
    return discoverRetries.isRetry(client(1));
  });

  expect(said).toEqual([false, true, true, false]);
  expect(discoverRetries.isRetry(client(2))).toBe(false);
});

test('a client is forgotten, though it asks again in time, when thousands have asked since', () => {
  const discoverRetries = new DiscoverRetries();
  discoverRetries.note(client(1_000_000), 0);
  for (let number = 0; number < 2 * 2048; number += 1) discoverRetries.note(client(number), 1000);
  discoverRetries.note(client(1_000_000), 2000);

  expect(discoverRetries.isRetry(client(1_000_000))).toBe(false);
});

test('as many as 2,000 others do not make it forgotten, however many asked before it', () => {
  const discoverRetries = new DiscoverRetries();
  for (let number = 0; number < 200_000; number += 1) discoverRetries.note(client(number), 0);
  discoverRetries.note(client(1_000_000), 1000);
  for (let number = 0; number < 2000; number += 1) discoverRetries.note(client(number), 1000);
  discoverRetries.note(client(1_000_000), 5000);

  expect(discoverRetries.isRetry(client(1_000_000))).toBe(true);
});
