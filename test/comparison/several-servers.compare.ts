import { afterAll, describe, expect, test } from 'vitest';
import { DEVICE, LabSegment } from '../../src/cli/lab/segment.ts';
import { EtcdProcesses } from '../support/etcd-process.ts';
import { addressText } from '../support/frames.ts';
import { builtProgram } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType } from '../support/packet.ts';
import { RawClient, serverOf, unicastTo } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { heldTwice, Storm } from '../support/storm.ts';
import { type ComparedServer, isInstalled, SERVERS, settingsOf, start } from './servers.ts';

const ADDRESSES = ['10.15.3.10', '10.15.3.11', '10.15.3.12'];
const POOL_SIZE = 235;
const ACK = 5;
const RUNS = [
  { guests: 200, rounds: 20 },
  { guests: 300, rounds: 1 },
];

interface Row {
  readonly server: string;
  readonly guests: string;
  readonly leased: number;
  readonly heldTwice: number;
  /** Answers to a DHCPREQUEST by servers that it did not name. */
  readonly byOthers: number;
  readonly byChosen: number;
  /** Renewals by unicast that were answered. */
  readonly renewed: number;
  /** Leases by each server. */
  readonly shares: string;
}

const rows: Row[] = [];

describe('three servers on one segment, each with the whole pool', () => {
  afterAll(() => {
    const head =
      '| three of | guests at once | leased | addresses held twice | DHCPNAKs from others | from the chosen one | renewed | leases by each |';
    const lines = rows.map((row) => ['', ...Object.values(row), ''].join(' | ').trim());
    console.log([head, '| --- | --- | --- | --- | --- | --- | --- | --- |', ...lines].join('\n'));
  });

  for (const server of SERVERS) {
    for (const { guests, rounds } of RUNS) {
      test(`${server.name}: ${guests} guests, ${rounds} times`, { timeout: 900_000 }, async ({ skip }) => {
        if (!(await isInstalled(server.program))) return skip(`${server.program} is not installed`);

        const row = await measure(server, guests, rounds);

        rows.push(row);
        expect(row.leased).toBeGreaterThan(0);
      });
    }
  }

  test('dnsmasq as a service that binds the router’s address on every node: how many of three start', async ({
    skip,
  }) => {
    if (!(await isInstalled('dnsmasq'))) return skip('dnsmasq is not installed');
    const server = SERVERS.find(({ program }) => program === 'dnsmasq');
    if (server === undefined) throw new Error('no dnsmasq');
    // With its DNS on that address too, and by it alone.
    const others = ['--port=0', `--interface=${DEVICE}`];
    const command = (folder: string, address: string) =>
      server.command(folder, address).filter((word) => !others.includes(word));
    const dnsmasq = { ...server, command };
    const segment = await LabSegment.open('10.15.3.254/24');
    try {
      let started = 0;
      for (const [place, address] of ADDRESSES.entries()) {
        const host = await segment.attach(`node-${place}`, { address: `${address}/24` });
        // One node holds the router's address too.
        if (place === 0) host.ip(`addr add 10.15.3.1/24 dev ${DEVICE}`);
        await start(dnsmasq, host, '10.15.3.1', {}).then(
          () => (started += 1),
          () => undefined,
        );
      }
      console.log(`dnsmasq on 10.15.3.1 of every node: ${started} of ${ADDRESSES.length} start`);
      expect(started).toBeGreaterThan(0);
    } finally {
      await segment.close();
    }
  }, 60_000);
});

async function measure(server: ComparedServer, count: number, rounds: number): Promise<Row> {
  const segment = await LabSegment.open();
  const client = new RawClient(await segment.attach('guests'), DEVICE, false);
  let etcd: EtcdProcesses | undefined;
  try {
    const nodes = [];
    for (const [place, address] of ADDRESSES.entries())
      nodes.push({ address, host: await segment.attach(`node-${place}`, { address: `${address}/24` }) });
    if (server.isShared === true) {
      etcd = await EtcdProcesses.start({ sites: nodes });
      await etcd.leader();
      const environment = { PATH: process.env['PATH'], ...settingsOf(etcd, 'pve1') };
      await run(nodes[0]?.host, [process.execPath, builtProgram(), 'cluster', 'init'], environment);
    }
    for (const [place, { host, address }] of nodes.entries())
      await start(server, host, address, settingsOf(etcd, `pve${place + 1}`));

    const guests = Array.from({ length: count }, (_, index) => hardwareOf(index + 1));
    const storm = new Storm(client, count > POOL_SIZE ? 8 : 20);
    const sum = { leased: 0, heldTwice: 0, renewed: 0 };
    const shares = new Map(ADDRESSES.map((address) => [address, 0]));
    for (let round = 0; round < rounds; round += 1) {
      client.holds.clear();
      const acks = await storm.boot(guests);
      sum.leased += acks.length;
      sum.heldTwice += heldTwice(acks).length;
      for (const ack of acks) {
        const granter = addressText(serverOf(ack), 0);
        shares.set(granter, (shares.get(granter) ?? 0) + 1);
      }
      sum.renewed += await renew(client, acks);
      for (const [index, ack] of acks.entries()) if (index % 2 === 0) client.release(ack);
    }
    return {
      server: server.name,
      guests: rounds > 1 ? `${count}, ${rounds} times` : `${count}`,
      leased: sum.leased,
      heldTwice: sum.heldTwice,
      byOthers: storm.strangers.length,
      byChosen: storm.refusals,
      renewed: sum.renewed,
      shares: [...shares.values()].join(' / '),
    };
  } finally {
    client.close();
    await etcd?.close();
    await segment.close();
  }
}

/** RFC 2131 §4.3.2, RENEWING, all at once, each at the server that it has its lease from; how many were answered. */
async function renew(client: RawClient, acks: readonly HeardReply[]): Promise<number> {
  const answers = acks.map((ack) => {
    const fields = { chaddr: ack.chaddr, ciaddr: ack.yiaddr, options: [messageType('DHCPREQUEST')] };
    return client.ask(fields, unicastTo(ack, ack.yiaddr)).catch(() => undefined);
  });
  return (await Promise.all(answers)).filter((answer) => answer?.type === ACK).length;
}
