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

test('of two reservations of one card the model expects the one that was made first, until that is removed', () => {
  const cluster = new SimulatedCluster(new SimulatedClock(), new SeededRandom(1));
  const records = new EtcdRecords(cluster, () => {});
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
  const late = reservationOf('r1', '10.15.3.201', { macs: cards(MAC), createdAt: instant(2000) });
  const first = reservationOf('r2', '10.15.3.24', { macs: cards(MAC), createdAt: instant(1000) });

  const seen = [records.reservedFor(CARD)];
  for (const next of [late, first, { ...first, retiredUntil: instant(9000) }]) {
    put(next);
    seen.push(records.reservedFor(CARD));
  }

  expect(seen).toEqual([undefined, '10.15.3.201', '10.15.3.24', '10.15.3.201']);
});
