import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { claimAll } from '../support/forged-claims.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

const GUESTS = 20;
const INVENTED = '10.15.3.19';
/** Milliseconds. */
const SOON = 5000;

describeSystem('three gateways that share their leases in etcd', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    onTestFailed(() => console.log(cluster.story()));
    await cluster.serve();
  });
  afterEach(() => cluster.close());

  test('beside forged DHCPREQUESTs that claim every address from a gateway without a heartbeat new guests have leases within 5 s, also after a restart', async () => {
    const { client } = cluster;
    const got: string[] = [];
    for (const round of [0, 1]) {
      await claimAll(client, INVENTED);
      const leases = await Promise.all(
        Array.from({ length: GUESTS }, (_, number) =>
          bootUntilLeased(client, hardwareOf(1 + round * GUESTS + number), SOON),
        ),
      );
      got.push(...leases.map(({ yiaddr }) => yiaddr));
      await cluster.kill(0);
      await cluster.start(0);
    }

    expect(new Set(got).size).toBe(2 * GUESTS);
  }, 120_000);
});
