import { afterAll, describe, expect, test } from 'vitest';
import { DEVICE, Segment } from '../../src/cli/lab/segment.ts';
import { hardwareOf } from '../support/load.ts';
import { RawClient } from '../support/raw-client.ts';
import { heldTwice, Storm } from '../support/storm.ts';
import { type ComparedServer, isInstalled, SERVERS, start } from './servers.ts';

const PLACES = [10, 11, 12];
const POOL_SIZE = 235;
const RUNS = [
  { guests: 200, times: 3 },
  { guests: 300, times: 1 },
];

interface Row {
  readonly server: string;
  readonly guests: string;
  readonly leased: number;
  readonly heldTwice: number;
  /** Answers to a DHCPREQUEST by servers that it did not name. */
  readonly byOthers: number;
  readonly byChosen: number;
}

const rows: Row[] = [];

describe('three servers on one segment, each with the whole pool', () => {
  afterAll(() => {
    const head =
      '| three of | guests at once | leased | addresses held twice | DHCPNAKs from others | from the chosen one |';
    const lines = rows.map(({ server, guests, leased, heldTwice: twice, byOthers, byChosen }) =>
      ['', server, guests, leased, twice, byOthers, byChosen, ''].join(' | ').trim(),
    );
    console.log([head, '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n'));
  });

  for (const server of SERVERS) {
    for (const { guests, times } of RUNS) {
      test(`${server.name}: ${guests} guests`, { timeout: 300_000 }, async ({ skip }) => {
        if (!(await isInstalled(server.program))) return skip(`${server.program} is not installed`);

        const row = await measure(server, guests, times);

        rows.push(row);
        expect(row.leased).toBeGreaterThan(0);
      });
    }
  }
});

async function measure(server: ComparedServer, count: number, times: number): Promise<Row> {
  const sum = { leased: 0, heldTwice: 0, byOthers: 0, byChosen: 0 };
  for (let time = 0; time < times; time += 1) {
    const segment = await Segment.open();
    const client = new RawClient(await segment.attach('guests'), DEVICE, false);
    try {
      for (const place of PLACES) {
        const address = `10.15.3.${place}`;
        const host = await segment.attach(`node-${place}`, { address: `${address}/24` });
        await start(server, host, address);
      }
      const storm = new Storm(client, count > POOL_SIZE ? 4 : 20);
      const acks = await storm.boot(Array.from({ length: count }, (_, index) => hardwareOf(index + 1)));
      sum.leased += acks.length;
      sum.heldTwice += heldTwice(acks).length;
      sum.byOthers += storm.strangers.length;
      sum.byChosen += storm.refusals;
    } finally {
      client.close();
      await segment.close();
    }
  }
  return { server: server.name, guests: times > 1 ? `${count}, ${times} times` : `${count}`, ...sum };
}
