import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { runningProblemToText } from '../../src/diagnosis/running-problem.ts';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { Cluster } from '../support/cluster.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { messageType } from '../support/packet.ts';
import { askAgain, bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { selecting } from '../support/raw-client.ts';
import { FROZEN, HELD, type StallingDisk } from '../support/stalling-disk.ts';
import { describeSystem } from '../support/system.ts';

const SOON = 10_000;
/** Longer than what is worth a line. */
const STALL = 8000;
const ENDED = /hung, and answers again/;

for (const kind of [FROZEN, HELD]) {
  const { obstacle } = kind;
  const title = `a gateway with etcd whose lease file is on a disk that ${kind.name}`;
  describeSystem(
    obstacle === undefined ? title : `${title} [not here: ${obstacle}]`,
    ['etcd', 'etcdctl'],
    () => {
      let cluster: Cluster;
      let disk: StallingDisk;
      let gateway: GatewayProcess;
      const acks: HeardReply[] = [];

      beforeEach(async ({ skip }) => {
        if (obstacle !== undefined) skip();
        disk = kind.open();
        cluster = await Cluster.open({ directories: [disk.directory] });
        onTestFailed(() => console.log(cluster.story(40)));
        acks.length = 0;
        await cluster.begin();
        gateway = await cluster.start(0, disk.environment);
        acks.push(await bootUntilLeased(cluster.client, hardwareOf(1), SOON));
        await untilMirrored();
      });
      afterEach(async () => {
        disk?.goOn();
        await cluster?.close();
        disk?.close();
      });

      test('answers within a second meanwhile, says that it hangs, and catches up, with one line of its length', async () => {
        disk.stall();
        const end = Date.now() + STALL;
        for (let number = 2; Date.now() < end; number += 1) {
          await serveWithinASecond(number);
          await delay(500);
        }
        const { verdict, problems } = await askHealth(`${disk.directory}/${HEALTH_SOCKET}`, 2000);
        disk.goOn();
        await untilMirrored();
        await gateway.until('the line of its end', () => lines().length > 0);
        await delay(1500);

        expect(acks.length).toBeGreaterThan(4);
        expect(verdict).toBe('served');
        expect(problems.map(runningProblemToText).join()).toMatch(
          /lease file does not follow: its disk has not answered for \d+ s/,
        );
        expect(lines()).toEqual([expect.objectContaining({ level: 'warn', seconds: expect.any(Number) })]);
        expect(Number(lines()[0]?.['seconds'])).toBeGreaterThanOrEqual(5);
        expect(Number(lines()[0]?.['seconds'])).toBeLessThan(30);
        expect(await gateway.end()).toBe(0);
      }, 120_000);

      test('loses nothing that etcd has by kill -9, and its next life has all of it in the file', async () => {
        disk.stall();
        for (let number = 2; number < 6; number += 1) await serveWithinASecond(number);

        gateway.signal('SIGKILL');
        if (!kind.canBeKilled) disk.goOn(); // The kernel ends no thread that waits for it.
        await gateway.ended();
        disk.goOn();
        gateway = await cluster.start(0, disk.environment);

        await untilMirrored();
        for (const ack of acks)
          expect(await rebind(cluster.client, ack)).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
      }, 120_000);

      test('ends with SIGTERM as if the disk were well: it has left the cluster and closed its sockets within seconds', async () => {
        disk.stall();
        await serveWithinASecond(2);
        await delay(1000);

        const asked = Date.now();
        gateway.signal('SIGTERM');
        await gateway.until(
          'it said so',
          () => gateway.log.at(-1)?.['msg'] === 'stopped' || gateway.hasEnded,
        );
        const took = Date.now() - asked;
        if (!kind.canBeKilled) disk.goOn();

        expect(await gateway.ended()).toBe(0);
        expect(took).toBeLessThan(8000);
        expect(gateway.log.map(({ msg }) => msg)).toContain('stopped');
      }, 120_000);

      test('obeys SIGTERM also while its start waits for the disk', async () => {
        await gateway.end();
        disk.stall();
        const start = cluster.start(0, disk.environment).catch(() => undefined);
        const waiting = cluster.nodes[0]?.gateway;
        await delay(3000);

        waiting?.signal('SIGTERM');
        await waiting?.until(
          'it said so',
          () => waiting.log.at(-1)?.['msg'] === 'stopped' || waiting.hasEnded,
        );
        if (!kind.canBeKilled) disk.goOn();

        expect(await waiting?.ended()).toBe(0);
        await start;
      }, 120_000);

      async function serveWithinASecond(number: number): Promise<void> {
        const { client } = cluster;
        const chaddr = hardwareOf(number);
        const offer = await askAgain(client, { chaddr, options: [messageType('DHCPDISCOVER')] }, 5);
        const asked = Date.now();
        const ack = await askAgain(client, selecting(offer), 1);
        expect(ack.type).toBe(5);
        expect(Date.now() - asked).toBeLessThan(1000);
        acks.push(ack);
        client.holds.set(ack.yiaddr, chaddr);
      }

      function untilMirrored(): Promise<void> {
        const wanted = acks.map(({ yiaddr, chaddr }) => `${yiaddr} ${chaddr}`).sort();
        return cluster.until(async () => {
          const rows = await cluster.mirror(0);
          const bound = rows.filter(({ state }) => state === 'bound');
          expect(bound.map(({ address, mac }) => `${address} ${mac}`).sort()).toEqual(wanted);
        });
      }

      function lines() {
        return gateway.log.filter(({ msg }) => ENDED.test(String(msg)));
      }
    },
  );
}
