import { expect, test } from 'vitest';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
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
