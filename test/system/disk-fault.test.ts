import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { injectInto, statusOf, stop } from '../support/disk-fault.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { type RawClient, selecting } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:dd:00:01';
const B = '52:54:00:dd:00:02';

describeSystem('a disk that fails', ['strace'], () => {
  const segment = useTestSegment();

  test('a write that fails lets no DHCPACK out, and service resumes when the disk does', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    await client.lease(A);
    const offer = await client.discover(B);

    const faults = await injectInto(gateway, 'pwrite64:error=EIO');
    const xid = client.send(selecting(offer));
    await gateway.until('it said so', () => says(gateway, /cannot be stored/));
    const answers = client.heardFor(xid).map((reply) => reply.type);
    await stop(faults);
    const ack = await untilAcked(client, offer);

    expect(answers.filter((type) => type === 5)).toEqual([]);
    expect(ack.yiaddr).toBe(offer.yiaddr);
    expect(client.heardFor(xid).filter((reply) => reply.type === 5)).toEqual([]);
  }, 120_000);

  test('a write that hangs lets no DHCPACK out before it ends', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    await client.lease(A);
    const offer = await client.discover(B);

    const faults = await injectInto(gateway, 'pwrite64:delay_enter=2000000:when=1');
    const answer = client.ask(selecting(offer));
    await gateway.until('it waited for the disk', () => isInCall(gateway));
    await delay(1000);
    const heardMeanwhile = client.heard.filter((reply) => reply.type === 5 && reply.chaddr === B);
    const ack = await answer;
    await stop(faults);

    expect(heardMeanwhile).toEqual([]);
    expect(ack).toMatchObject({ type: 5, yiaddr: offer.yiaddr });
  }, 120_000);

  test('a write that hangs for longer than five seconds is told of in one line, with its length', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const offer = await client.discover(A);

    const faults = await injectInto(gateway, 'pwrite64:delay_enter=6500000:when=1');
    client.send(selecting(offer));
    const lines = () => gateway.log.filter(({ msg }) => msg === 'this gateway stood still');
    await gateway.until('it told of it', () => lines().length > 0);
    await stop(faults);
    const later = await bootUntilLeased(client, B, 10_000); // What came in such a time is dropped: clients ask again.
    await delay(1500);

    expect(later.type).toBe(5);
    expect(lines()).toEqual([
      expect.objectContaining({ level: 'warn', remedy: expect.stringContaining('a disk that hangs') }),
    ]);
    expect(Number(lines()[0]?.['seconds'])).toBeGreaterThan(5);
    expect(Number(lines()[0]?.['seconds'])).toBeLessThan(20);
  }, 120_000);
});

describeSystem('a disk that is full', ['sqlite3'], () => {
  const segment = useTestSegment();

  test('leases are given all the same, it is said, and the rows are in the file when there is room', async () => {
    const { node } = segment();
    const directory = '/run/small';
    node.run('mkdir', '-p', directory);
    node.run('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', directory);
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    // While somebody reads, the log does not start over, so that it needs new room.
    const reader = node.spawn('sqlite3', [join(directory, 'leases.sqlite')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    reader.stdin?.write('BEGIN; SELECT count(*) FROM leases;\n');
    if (reader.stdout !== null) await once(reader.stdout, 'data');
    node.run('sh', '-c', `cat /dev/zero > ${directory}/filling 2>/dev/null || true`);

    for (let number = 1; number <= 200; number += 1) await client.lease(hardwareOf(number));
    await gateway.until('it said so', () => says(gateway, /does not follow; leases are given/));
    reader.kill('SIGKILL');
    node.run('rm', `${directory}/filling`);
    await gateway.until('it was well again', () => says(gateway, /follows again/));
    const rows = node.run(
      'sqlite3',
      '-readonly',
      join(directory, 'leases.sqlite'),
      'SELECT count(*) FROM leases',
    );

    expect(Number(rows)).toBe(200);
  }, 120_000);
});

/** True while its main thread is held in a system call by its tracer. */
function isInCall(gateway: GatewayProcess): boolean {
  return /^State:\s+t/m.test(statusOf(gateway));
}

function says(gateway: GatewayProcess, what: RegExp): boolean {
  return gateway.log.some((line) => what.test(String(line['msg'])));
}

/** Asks again and again, as a client does, until the offer is confirmed. */
async function untilAcked(client: RawClient, offer: HeardReply): Promise<HeardReply> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const xid = client.newXid();
    const reply = client.reply(xid, 500).catch(() => undefined);
    client.send({ ...selecting(offer), xid });
    const answer = await reply;
    if (answer?.type === 5) return answer;
  }
  throw new Error('no DHCPACK after the disk was well again');
}
