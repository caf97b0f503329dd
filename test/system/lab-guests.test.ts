import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { CLIENT_NAMES } from '../../src/cli/lab/guests/guest-client.ts';
import { builtInGuests, Lab } from '../../src/cli/lab/lab.ts';
import { LabEquipment } from '../../src/cli/lab/lab-equipment.ts';
import { joiningOfKernel } from '../../src/cli/lab/nodes/node-network.ts';
import type { LabEvent } from '../../src/cli/lab/telling/lab-event.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { describeSystem } from '../support/system.ts';

type Lease = Extract<LabEvent, { kind: 'lease' }>;

interface Opened {
  readonly lab: Lab;
  readonly leases: readonly Lease[];
}

describeSystem('guests of a lab with the client that it brings along', [], () => {
  let close = async (): Promise<void> => {};
  afterEach(() => close());

  /** Two nodes on a machine where no client is installed. */
  async function opened(leaseTime: string): Promise<Opened> {
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-test-'));
    const equipment = await LabEquipment.open({
      folder,
      program: [builtProgram()],
      leaseTime,
      nodes: 2,
      etcd: false,
      joining: joiningOfKernel(),
      clients: { found: [], missing: CLIENT_NAMES },
    });
    const leases: Lease[] = [];
    const lab = new Lab(equipment, (event) => {
      if (event.kind === 'lease') leases.push(event);
    });
    close = async () => {
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    };
    await lab.start();
    await lab.untilAllLeased(30_000);
    return { lab, leases };
  }

  test('each has a lease, and answers ARP for its address', async () => {
    const { lab, leases } = await opened('3m');

    expect(lab.without).toEqual([]);
    for (const lease of leases) expect(lease).toMatchObject({ client: 'built-in', router: '10.15.3.1' });
    for (const { lease, hardware } of lab.guests) {
      const path = `/addresses/${lease?.address}/ask`;
      expect(await lab.gateways[1]?.api.order({ method: 'POST', path })).toMatchObject({
        answered_by: hardware,
      });
    }
  });

  test('a reservation at a gateway that shares nothing is said to hold there only, and at which others to order it', async () => {
    const { lab } = await opened('3m');
    const [gateway] = lab.gateways;

    // Whether a guest has chosen it or not.
    const known = async () =>
      (await gateway?.api.get<{ other_gateways: unknown[] }>('/info'))?.other_gateways.length === 1;
    await eventually('the other gateway was found', known, 60_000);
    const set = ['reservations', 'set', 'web', '--mac', '52:54:00:4e:05:01'];
    const made = await gateway?.command(...set, '--address', '10.15.3.57');

    // It is known as a gateway as soon as a guest has chosen it; until then, and for some minutes, it may be another machine.
    expect(made?.output.split('\n')).toEqual([
      'web: 10.15.3.57 is kept for it from now on',
      expect.stringMatching(
        /^ {2}(at this gateway only: order the same, with this address, at 10\.15\.3\.11 too|10\.15\.3\.11 answers ARP: if a gateway runs there, order the same, with this address, there too)$/,
      ),
      '',
    ]);
  });

  test('each renews at half of its lease by itself, and finds another gateway when its own is gone', async () => {
    const { lab, leases } = await opened('20s');
    const [guest] = builtInGuests(lab);
    const first = lab.gateways.find(({ address }) => address === guest?.lease?.server);
    const second = lab.gateways.find((gateway) => gateway !== first);
    const extended = (from: string | undefined) =>
      leases.some((lease) => !lease.isNew && lease.from === from && lease.guest === guest?.name);

    await eventually('it had renewed', () => extended(first?.name), 60_000);
    const had = guest?.lease?.address;
    await first?.kill();
    await eventually('another gateway had extended its lease', () => extended(second?.name), 60_000);

    expect(guest?.lease?.address).toBe(had);
  });
});
