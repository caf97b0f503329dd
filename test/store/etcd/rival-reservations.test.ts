import { expect, test } from 'vitest';
import { rivalProblem } from '../../../src/diagnosis/rival-reservations.ts';
import { instant } from '../../../src/lease/lease.ts';
import { hardwareToText } from '../../../src/net/hardware-address.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { reservationOf } from '../../support/reservations.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import { hardware, reserve } from '../changes.ts';

const CARD = hardware(1);

async function gateway(cluster: MemoryCluster, place: number) {
  const etcd = cluster.connect();
  await beginSegment(etcd);
  return openSharedStore({ etcd, clock: new FakeClock(), place });
}

test.each([true, false])(
  'of two reservations of one card, each by a gateway that has not heard of the other, all take the one made first; it was written first: %s',
  async (isFirstWritten) => {
    const cluster = new MemoryCluster();
    const [one, other] = [await gateway(cluster, 10), await gateway(cluster, 11)];
    const first = reservationOf('r2', '10.15.3.24', { macs: [CARD], createdAt: instant(1000) });
    const late = reservationOf('r1', '10.15.3.201', { macs: [CARD], createdAt: instant(2000) });
    cluster.isWatchStalled = true;
    const [mine, theirs] = isFirstWritten ? [first, late] : [late, first];
    const outcomes = [await reserve(one, mine), await reserve(other, theirs)];

    cluster.isWatchStalled = false;
    cluster.deliver();
    await settle();

    expect(outcomes).toEqual(['committed', 'committed']);
    for (const { reservations } of [one, other, await gateway(cluster, 12)])
      expect(reservations.ofHardware(CARD)?.id).toBe('r2');
    // The pair is named everywhere, until one of the two is gone, whichever it is.
    for (const { reservations } of [one, other, await gateway(cluster, 12)]) {
      const problem = rivalProblem(reservations.rivalries());
      expect(problem?.message).toContain(
        `the card ${hardwareToText(CARD)} is of r2 (10.15.3.24), which was made first and counts, and of r1 (10.15.3.201), which does not`,
      );
      expect(problem?.remedy).toContain('`vps-gateway reservations remove r1`');
    }
  },
);
