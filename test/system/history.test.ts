import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import { DEFAULT_HISTORY } from '../../src/store/sqlite/history/retention.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType, type PacketOption } from '../support/packet.ts';
import { type RawClient, selecting, serverOf, unicastTo } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

describeSystem('the history of a gateway', [], () => {
  const segment = useTestSegment();

  test('has one row of a guest that releases its address and gets it back, as often as it does so within a minute', async () => {
    const directory = segment().folder();
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    const first = await client.lease(hardwareOf(1));
    for (let time = 0; time < 5; time += 1) {
      const xid = client.release(first);
      expect(await gateway.reasonFor(xid)).toBe('released');
      expect((await client.lease(hardwareOf(1))).yiaddr).toBe(first.yiaddr);
    }
    const xid = client.release(await client.lease(hardwareOf(2)));
    expect(await gateway.reasonFor(xid)).toBe('released');

    const words = [process.execPath, builtProgram(), 'leases', 'history', '--json'];
    const { output } = await run(segment().node, words, gatewayEnvironment(directory));
    const rows: { readonly mac: string; readonly event: string }[] = JSON.parse(output);

    expect(rows.map(({ mac, event }) => `${event} ${mac}`)).toEqual([
      `bound ${hardwareOf(1)}`,
      `bound ${hardwareOf(2)}`,
      `released ${hardwareOf(2)}`,
    ]);
  }, 60_000);
});

/** No setting changes it. */
const LIMIT = DEFAULT_HISTORY.rows;
/** Rows of earlier guests in the file at first. */
const EARLIER = LIMIT - 100;
/** Addresses that the busy guest takes and releases: two rows each. */
const TAKEN = 300;
const NO_LIMITS = {
  GATEWAY_DHCP_LIMIT_MAC_MESSAGES: '0',
  GATEWAY_DHCP_LIMIT_MAC_LEASES: '0',
  GATEWAY_DHCP_LIMIT_MAC_CHANGES: '0',
};

/** Rows of the last two months, one in five seconds, and two or three a day of each network card. Their ids begin with 1. */
function fillHistory(file: string): void {
  const database = openSqlite(file);
  const since = Date.now() - 60 * 86_400_000;
  database.exec(`WITH RECURSIVE row (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM row WHERE id < ${EARLIER})
    INSERT INTO history (id, at, address, client, mac, event, reason, expires_at)
    SELECT id, ${since} + id * 5000, 0x0a0f0314, '00', 1 + id % 8000, 'bound', 'bound', 0 FROM row`);
  database.close();
}

/** Takes an address under a client identifier of this number, and releases it. */
async function takeAndRelease(client: RawClient, chaddr: string, number: number): Promise<void> {
  const identifier: PacketOption = [61, 0, number >> 8, number & 255];
  const selected = selecting(await client.discover(chaddr, identifier));
  const ack = await client.ask({ ...selected, options: [...(selected.options ?? []), identifier] });
  const options: PacketOption[] = [messageType('DHCPRELEASE'), [54, ...serverOf(ack)], identifier];
  client.send({ chaddr, ciaddr: ack.yiaddr, options }, unicastTo(ack, ack.yiaddr));
}

describeSystem('a history with nearly as many rows as it may have', [], () => {
  const segment = useTestSegment();

  test('loses those of the guest that writes most, and none of the others, however old', async () => {
    const directory = segment().folder();
    const file = join(directory, 'leases.sqlite');
    await (await segment().gateway({}, directory)).end();
    fillHistory(file);
    await segment().gateway(NO_LIMITS, directory);
    const client = segment().client();

    await client.lease(hardwareOf(1));
    const database = openSqlite(file, { readonly: true });
    const select = (what: string) => database.prepare(`SELECT ${what}`).pluck();
    const newest = select('max(id) FROM history');
    // Rows that are applied together are deleted in the order of their addresses, so that the halves are applied apart.
    for (const half of [1, 2]) {
      for (let number = 0; number < TAKEN / 2; number += 1)
        await takeAndRelease(client, hardwareOf(2), half * TAKEN + number);
      await eventually('the file had these rows', () => newest.get() === EARLIER + 1 + half * TAKEN);
    }
    const count = select('count(*) FROM history');
    await eventually('the file had no more rows than it may', () => Number(count.get()) <= LIMIT);

    const firstOfBusy = EARLIER + 2;
    const secondHalf = firstOfBusy + TAKEN;
    expect(select(`count(*) FROM history WHERE id < ${firstOfBusy}`).get()).toBe(EARLIER + 1);
    // The first four rows of a day stay; this may be two days.
    const early = select(`count(*) FROM history WHERE id >= ${firstOfBusy} AND id < ${secondHalf}`).get();
    expect(Number(early)).toBeLessThanOrEqual(8);
    expect(Number(select(`count(*) FROM history WHERE id >= ${secondHalf}`).get())).toBeGreaterThan(50);
    database.close();
  }, 120_000);
});
