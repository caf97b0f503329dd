import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { openLeaseReader } from '../../src/store/sqlite/lease-reader.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf, killAfterAcks, Load, WIDE_SETTINGS } from '../support/load.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';
import {
  acksIn,
  DiskAfterPowerCut,
  opensThrough,
  readTrace,
  type SentAck,
  type TracedCall,
  tracing,
} from '../support/system-trace.ts';

const KILLS = 50;

describeSystem('durable before promised', [], () => {
  const segment = useTestSegment(16);

  test(`RFC 2131 §3.1 (4): ${KILLS} times killed under load, every client that was acknowledged owns its address`, async () => {
    const directory = segment().folder();
    const owners = new Map<string, string>();
    const doubles: string[] = [];
    let clients = 0;
    const newClient = () => {
      clients += 1;
      return hardwareOf(clients);
    };
    const own = ({ yiaddr, chaddr }: HeardReply) => {
      const owner = owners.get(yiaddr);
      if (owner !== undefined && owner !== chaddr) doubles.push(`${yiaddr}: ${owner} and ${chaddr}`);
      owners.set(yiaddr, chaddr);
    };

    let acked: readonly HeardReply[] = [];
    for (let kill = 0; kill <= KILLS; kill += 1) {
      const gateway = await segment().gateway(WIDE_SETTINGS, directory);
      const client = segment().client();
      await confirmAll(client, acked);
      if (kill === KILLS) break;
      client.heard.length = 0;
      const load = new Load(client, 32, newClient);
      await killAfterAcks(gateway, client, 1 + ((kill * 37) % 97));
      await load.stop();
      acked = client.heard.filter((reply) => reply.type === 5);
      acked.forEach(own);
      client.close();
    }

    expect(doubles).toEqual([]);
    expect(missingFrom(directory, owners)).toEqual([]);
    expect(owners.size).toBeGreaterThan(KILLS);
  }, 240_000);
});

describeSystem('durable before promised, by the system calls', ['strace'], () => {
  const segment = useTestSegment(16);

  test('RFC 2131 §3.1 (4): each DHCPACK leaves after its row is written through to the disk', async () => {
    const { calls } = await traced();

    const promises = calls.flatMap((call, at) => acksIn(call).map((ack) => ({ ack, at })));
    const broken = promises.filter(({ ack, at }) => !isDurable(calls, ack, at)).map(({ ack }) => ack);
    expect(promises.length).toBeGreaterThanOrEqual(40);
    expect(broken).toEqual([]);
  }, 120_000);

  test('after a power cut at any DHCPACK, what was synced by then holds every lease acknowledged', async () => {
    const { calls, directory } = await traced();
    const disk = new DiskAfterPowerCut();
    const promised = new Map<string, string>();
    const lost: unknown[] = [];
    let afterCut = '';
    for (const call of calls) {
      disk.apply(call);
      const acks = acksIn(call);
      for (const { chaddr, address } of acks) promised.set(address, chaddr);
      if (acks.length === 0) continue;
      afterCut = segment().folder();
      restore(disk, directory, afterCut);
      lost.push(...missingFrom(afterCut, promised));
    }

    expect(promised.size).toBeGreaterThanOrEqual(40);
    expect(lost).toEqual([]);
    await segment().gateway(WIDE_SETTINGS, afterCut);
    const client = segment().client();
    for (const [address, chaddr] of promised) {
      expect(await client.reboot(chaddr, address)).toMatchObject({ type: 5, yiaddr: address });
    }
  }, 120_000);

  /** Some leases one by one, then many at once, with the system calls behind them. */
  async function traced(): Promise<{ calls: readonly TracedCall[]; directory: string }> {
    const directory = segment().folder();
    const file = join(segment().folder(), 'trace');
    const gateway = await segment().gateway(WIDE_SETTINGS, directory, tracing(file));
    const client = segment().client();
    for (let number = 1; number <= 10; number += 1) await client.lease(hardwareOf(number));
    const many = Array.from({ length: 30 }, (_, index) => client.lease(hardwareOf(100 + index)));
    await Promise.all(many);
    await gateway.end();
    return { calls: await readTrace(file, gateway.pid), directory };
  }
});

/** Every client that was acknowledged gets the same address confirmed (RFC 2131 §4.3.2, INIT-REBOOT). */
async function confirmAll(client: RawClient, acked: readonly HeardReply[]): Promise<void> {
  for (const ack of acked) {
    expect(await client.reboot(ack.chaddr, ack.yiaddr)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
  }
}

/** The owners, by address, whom the lease file does not know as such. */
function missingFrom(directory: string, owners: ReadonlyMap<string, string>): readonly string[] {
  const reader = openLeaseReader(directory);
  try {
    const rows = [...reader.leases({})];
    const known = new Map(rows.map((row) => [row.address, row.state === 'bound' ? row.mac : row.state]));
    return [...owners]
      .filter(([address, owner]) => known.get(address) !== owner)
      .map(([address, owner]) => `${address}: ${owner} was promised it, ${known.get(address)} has it`);
  } finally {
    reader.close();
  }
}

/** True if before the call `at` the client's row was written into the journal, each write of which goes through. */
function isDurable(calls: readonly TracedCall[], ack: SentAck, at: number): boolean {
  const key = `01${ack.chaddr.replaceAll(':', '')}`;
  const before = calls.slice(0, at).filter(({ path }) => path.endsWith('leases.journal'));
  const opened = before.findIndex(opensThrough);
  const isRow = ({ name, buffers }: TracedCall) =>
    name === 'pwrite64' && buffers.some((bytes) => bytes.includes(key));
  return opened >= 0 && before.slice(opened).some(isRow);
}

function restore(disk: DiskAfterPowerCut, from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const [path, bytes] of disk.files) {
    const isLeases = path.startsWith(`${from}/`) && /\.(sqlite(-wal|-journal)?|journal)$/.test(path);
    if (isLeases) writeFileSync(join(to, basename(path)), bytes);
  }
}
