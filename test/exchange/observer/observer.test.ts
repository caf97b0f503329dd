import { expect, test } from 'vitest';
import { type Observer, observers } from '../../../src/exchange/observer/observer.ts';
import { memoryBench, Record } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { packet } from '../../support/packet.ts';

const GUEST = new Guest('52:54:00:00:00:01');

/** Throws whatever it is told. */
function faulty(): Observer {
  const fail = () => {
    throw new Error('a mistake of an observer');
  };
  return { decided: fail, ordered: fail, dropped: fail, sentLate: fail, omitted: fail, broken: fail };
}

test('an observer that throws at everything costs no reply, no round and no other observer anything', async () => {
  const bench = memoryBench({ observer: (record) => observers(faulty(), record) });

  await bench.hear(packet({ cookie: [1, 2, 3, 4] }), GUEST.discover());
  await bench.hear(GUEST.discover());

  expect(bench.replies()).toHaveLength(2);
  expect(bench.drops('bad-cookie')).toBe(1);
  expect(bench.record.decisions).toEqual([
    'DHCPDISCOVER offered committed',
    'DHCPDISCOVER offered-again committed',
  ]);
  expect(bench.record.errors).toHaveLength(3);
  expect(bench.exchange.isIdle).toBe(true);
});

test('an observer alone that throws at everything stops nothing', async () => {
  const bench = memoryBench({ observer: faulty });

  await bench.hear(packet({ cookie: [1, 2, 3, 4] }), GUEST.discover());

  expect(bench.replies()).toHaveLength(1);
  expect(bench.exchange.isIdle).toBe(true);
});

test('what one observer throws is told to all as broken, once each time', () => {
  const [first, second] = [new Record(), new Record()];
  first.dropped = () => {
    throw new Error('a mistake');
  };
  const all = observers(first, second);

  all.dropped('stale', 1);
  all.dropped('stale', 2);

  expect([first.errors, second.errors].map(({ length }) => length)).toEqual([2, 2]);
  expect(second.drops.get('stale')).toBe(3);
});

test('every decision of a round is told in its order when all replies of the round have left', async () => {
  const bench = memoryBench({ plan: { probeMilliseconds: 300 } });
  const seen: string[] = [];
  bench.record.decided = ({ type }, _client, { kind, reason }) => {
    seen.push(`${type} ${kind} ${reason}, ${bench.transport.sent.length} sent`);
  };

  // Asked for by ARP first: the wait is a decision too, told behind the answer to the other guest.
  await bench.hear(GUEST.discover(), new Guest('52:54:00:00:00:02').inform('10.15.3.250'));

  expect(seen).toEqual(['DHCPDISCOVER wait asking-address, 1 sent', 'DHCPINFORM reply informed, 1 sent']);
});

test('a decision is told with the time from the reading of its message until its reply has left', async () => {
  const bench = memoryBench({ plan: { probeMilliseconds: 300 } });
  const seen: string[] = [];
  bench.record.decided = (_message, _client, { kind, reason }, _outcome, took = Number.NaN) => {
    seen.push(`${kind} ${reason} ${took}`);
  };

  await bench.hear(GUEST.discover());
  await bench.clock.pass(120);
  bench.questions[0]?.answer(undefined);
  await bench.clock.pass(0);
  await bench.hear(GUEST.select('10.15.3.77', '10.15.3.11'));

  expect(seen[0]).toBe('wait asking-address NaN');
  expect(seen[1]).toBe('reply offered 120');
  expect(seen[2]).toMatch(/^silence .* NaN$/);
});
