import { expect, test } from 'vitest';
import { instant } from '../../src/lease/lease.ts';
import { Keys } from '../../src/store/etcd/keys/keys.ts';
import { formatReservation } from '../../src/store/etcd/keys/reservation-value.ts';
import { SeededRandom } from '../support/random.ts';
import { cards, reservationOf } from '../support/reservations.ts';
import { SEGMENT } from '../support/shared-store.ts';
import { SimulatedClock } from './clock.ts';
import { SimulatedCluster } from './etcd.ts';
import { EtcdRecords } from './etcd-records.ts';

const MAC = '52:54:00:00:02:01';
const [CARD = 0] = cards(MAC);

test('two reservations of one card are a fault, until one of them is removed; one alone is none', () => {
  const cluster = new SimulatedCluster(new SimulatedClock(), new SeededRandom(1));
  const faults: string[] = [];
  const records = new EtcdRecords(cluster, (fault) => faults.push(fault));
  const keys = new Keys(SEGMENT);
  const put = (next: ReturnType<typeof reservationOf>) =>
    cluster.transact({
      compare: [],
      success: [
        {
          kind: 'put',
          key: keys.ofReservation(next.id),
          value: Buffer.from(formatReservation(next, 'op', 'reserved-by-operator', undefined)),
        },
      ],
      failure: [],
    });
  const one = reservationOf('r1', '10.15.3.201', { macs: cards(MAC) });
  const two = reservationOf('r2', '10.15.3.24', { macs: cards(MAC) });

  const seen = [records.reservedFor(CARD)];
  for (const next of [one, two, { ...one, retiredUntil: instant(9000) }, two]) {
    put(next);
    seen.push(records.reservedFor(CARD));
  }

  expect(seen).toEqual([undefined, '10.15.3.201', '10.15.3.201', '10.15.3.24', '10.15.3.24']);
  expect(faults).toEqual(['525400000201 has two reservations: r1 and r2']);
});
