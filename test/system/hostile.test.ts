import { expect, test } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';
import { malformedPackets } from '../support/malformed-packets.ts';
import { messageType, packet } from '../support/packet.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';
import { droppedByKernel, untilRead } from '../support/udp-queue.ts';

const SENDER = '52:54:00:ff:00:03';
const FLOOD = 12_000;
const WARM_UP = 100_000;
const MILLION = 1_000_000;
/**
 * Node lets a heap grow as long as there is memory, so that growth says nothing. With these limits, in MiB, a leak of
 * 40 octets a datagram ends the process.
 */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=40 --max-semi-space-size=2' };
/** How much the resident memory may be larger after a million datagrams than after the first 100,000: bytes. */
const GROWTH_LIMIT = 32 * 1024 * 1024;

describeSystem('malformed datagrams', [], () => {
  const segment = useTestSegment();

  test('are counted by cause in the log, with the sender of the last', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();

    for (let time = 0; time < 3; time += 1) client.send({ chaddr: SENDER, cookie: [1, 2, 3, 4] });
    client.sendBytes(packet({ chaddr: SENDER }).slice(0, 100), SENDER);
    client.sendBytes(packet({ chaddr: SENDER, options: [[53, 1, 1]] }), SENDER, { source: '10.15.3.77' });
    await client.lease('52:54:00:ff:00:02'); // By now all of them are read.
    await gateway.end(); // What was counted last is said before the end.

    expect(gateway.log.filter((line) => line['msg'] === 'datagrams dropped')).toEqual([
      expect.objectContaining({
        level: 'info',
        count: 5,
        causes: { 'bad-cookie': 3, 'too-short': 1, 'bad-message-type': 1 },
        last: 'bad-message-type',
        source: '10.15.3.77',
        hardware: SENDER,
      }),
    ]);
  });

  test('after a million of them a proper client is served, and memory has not grown', async () => {
    const gateway = await segment().gateway(SMALL_HEAP);
    const client = segment().client();
    const hardware = segment().node.run('cat', '/sys/class/net/eth0/address').trim();
    const frames = malformedPackets(20131, hardware);

    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent += 1) {
        client.sendFrame(frames.next().value);
        if (sent % 128 === 0) await untilRead(() => gateway.udpTable());
      }
    };
    await send(WARM_UP);
    const before = gateway.residentBytes();
    await send(MILLION - WARM_UP);
    const after = gateway.residentBytes();
    const ack = await client.lease('52:54:00:ff:00:01');

    expect(ack.type).toBe(5);
    expect(droppedByKernel(gateway.udpTable())).toBe(0);
    expect(gateway.hasEnded).toBe(false);
    expect(after - before).toBeLessThan(GROWTH_LIMIT);
    expect(gateway.log.filter((line) => line['level'] === 'error')).toEqual([]);
  }, 120_000);
});

describeSystem('a flood of DHCPDISCOVERs in ever new names', [], () => {
  const segment = useTestSegment();

  test('is some hundred lines of each reason, which count the rest; a proper guest has its own', async () => {
    const guest = '52:54:00:ff:00:05';
    const gateway = await segment().gateway();
    const client = segment().client();
    const decisions = () =>
      gateway.log.filter((line) => line['reason'] !== undefined && line['level'] === 'info');

    for (let sent = 0; sent < FLOOD; sent += 1) {
      const chaddr = `52:54:01:00:${octetText(sent >> 8)}:${octetText(sent)}`;
      client.send({ chaddr, options: [messageType('DHCPDISCOVER')] });
      if (sent % 128 === 0) await untilRead(() => gateway.udpTable());
    }
    await bootUntilLeased(segment().client(), guest, 60_000);
    const health = [builtProgram(), 'health', '--leases-dir', gateway.directory, '--json'];
    const { output } = await run(segment().node, [process.execPath, ...health]);
    await gateway.end(); // What was counted last is said before the end.

    const told: Record<string, number> = {};
    for (const { reason, repeated = 0, msg } of decisions()) {
      if (msg === 'something on the segment may have been missed') continue; // It is of no message.
      const isLine = msg !== 'lines of this reason were left out';
      told[String(reason)] = (told[String(reason)] ?? 0) + Number(repeated) + (isLine ? 1 : 0);
    }
    expect(told).toEqual(JSON.parse(output).counters.reasons);
    expect(decisions().length).toBeLessThan(FLOOD / 4);
    expect(decisions()).toContainEqual(expect.objectContaining({ hardware: guest, reason: 'bound' }));
  }, 120_000);
});

function octetText(number: number): string {
  return (number & 255).toString(16).padStart(2, '0');
}
