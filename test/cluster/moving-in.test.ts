import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { OldService } from '../support/old-service.ts';
import { ip, messageType } from '../support/packet.ts';
import { ROOT } from '../support/pages.ts';
import { bootUntilLeased, leaseSeconds, rebind } from '../support/patient-guest.ts';
import { RawClient, selecting } from '../support/raw-client.ts';
import { isDiscover, RealGuest } from '../support/real-guest.ts';
import { type Ran, run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

const SOON = 20_000;
/** Guests of each node that are no real clients. */
const MANY = 25;
/** When the real ones renew: all three gateways have taken over by then. Seconds. */
const RENEWAL = 60;
/** What a client's lease says once a gateway has renewed it: dnsmasq names other servers. */
const GATEWAY_DNS = '1.1.1.1 1.0.0.1';
const OLD_FOLDER = '/var/lib/obiente/vps-gateway/';

describeSystem(
  'three dnsmasq that share nothing',
  ['dnsmasq', 'dhclient', 'udhcpc', 'etcd', 'etcdctl'],
  () => {
    let cluster: Cluster;
    let folder: string;
    beforeEach(async () => {
      cluster = await Cluster.open();
      folder = mkdtempSync(join(tmpdir(), 'vps-gateway-moving-in-'));
      onTestFailed(() => console.log(cluster.story()));
    });
    afterEach(async () => {
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test('become three gateways with etcd, as docs/moving-in.md prints it: no guest changes its address, and none has one that another has', async () => {
      cluster.client.close(); // It checks sums, which dnsmasq leaves to the card.
      const client = new RawClient(cluster.guests, DEVICE, false);
      onTestFinished(() => client.close());
      const olds = cluster.nodes.map(({ host, address }, place) => {
        const own = join(folder, `node${place + 1}`);
        mkdirSync(own);
        host.ip('link set lo up');
        return new OldService(host, address, own, RENEWAL);
      });
      const raw: HeardReply[] = [];
      const real: RealGuest[] = [];
      // Each serves alone at first. Together they refuse each other's guests, and hardly any would get a lease.
      const alone = async (serving: (place: number) => Promise<void>) => {
        for (const [place, old] of olds.entries()) {
          await old.start();
          await serving(place);
          await old.stop();
        }
      };
      await alone(async (place) => {
        const guest = await RealGuest.plug(
          cluster.segment,
          `guest${place}`,
          join(folder, `node${place + 1}`),
        );
        guest.host.ip(`link set ${DEVICE} address ${hardwareOf(90 + place)}`); // dnsmasq chooses by it: the same each time.
        await guest.boot(place === 1 ? 'udhcpc' : 'dhclient');
        await guest.untilLeased();
        real.push(guest);
      });
      await alone(async (place) => {
        const all = [...raw.map(({ yiaddr }) => yiaddr), ...real.map(addressOf)];
        raw.push(...(await guestsOf(client, 100 * (place + 1), all)));
      });
      const [doubled, moved, ...others] = raw;
      const unused = freeAddress([...raw.map(({ yiaddr }) => yiaddr), ...real.map(addressOf)]);
      if (doubled === undefined || moved === undefined) throw new Error('no guests');
      await pass(1100); // The lease files of dnsmasq have whole seconds, and these leases are to end last.
      await olds[2]?.start();
      const twin = await leaseOf(client, hardwareOf(999), doubled.yiaddr);
      const newest = await leaseOf(client, moved.chaddr, unused);
      await olds[2]?.stop();
      client.holds.delete(moved.yiaddr);
      client.holds.set(twin.yiaddr, twin.chaddr).set(newest.yiaddr, newest.chaddr);
      const keeping = [...others, twin, newest];
      for (const old of olds) await old.start();
      const before = await Promise.all(real.map((guest) => guest.untilLeased()));
      const shell = commands(cluster, folder);

      const [init, stop, start, dryRuns, imports, looks] = printedSteps();
      const ran: Ran[] = await shell(init);
      expect([stop, start]).toEqual([['systemctl disable --now dnsmasq'], ['systemctl start vps-gateway']]);
      await Promise.all(olds.map((old) => old.stop()));
      await Promise.all(cluster.nodes.map((_, place) => cluster.start(place)));
      await cluster.nodes[0]?.gateway?.untilManaged();
      const looked = await shell(dryRuns);
      const untouched = await cluster.mirror(0);
      const [imported] = await shell(imports);
      const dryRun = looked.pop();
      ran.push(...looked);
      if (dryRun === undefined || imported === undefined) throw new Error('a step is missing');
      const renewing = real.filter((_, place) => place === 1);
      for (const guest of renewing) guest.renew();
      const late = await bootUntilLeased(client, hardwareOf(2000), SOON);
      const answers: HeardReply[] = [];
      for (const lease of keeping) answers.push(await rebind(client, lease));
      const refused = await rebind(client, doubled);
      const again = await bootUntilLeased(client, doubled.chaddr, SOON);
      const extended = await eventually(
        'all real guests have renewed',
        () => {
          const isRenewed = (guest: RealGuest) => guest.told()?.dns === GATEWAY_DNS;
          return real.every(isRenewed) && real.map((guest) => guest.held());
        },
        120_000,
        () => real.map((guest) => guest.story()).join('\n\n'),
      );
      // On a busy machine one gateway may just be late with its heartbeat.
      const seen = await cluster.until(async () => {
        const all = await shell(looks);
        for (const { status, output } of all) expect({ status, output }).toEqual({ status: 0, output });
        return all;
      });
      expect(seen[0]?.output).toMatch(/pve1[\s\S]*pve2[\s\S]*pve3/);

      for (const { status, errors, output } of ran)
        expect({ status, errors, output }).toEqual({ status: 0, errors: '', output });
      expect(untouched).toEqual([]);
      for (const { status, output } of [dryRun, imported]) {
        expect(status).toBe(65);
        const faults = output.match(/^(fault|refused) .*$/gm) ?? [];
        expect(faults).toHaveLength(2);
        expect(faults.some((line) => line.includes(`${doubled.yiaddr} stands in `))).toBe(true);
        expect(faults.some((line) => line.includes(`${moved.chaddr} has ${newest.yiaddr}`))).toBe(true);
      }
      expect(answers.map(({ type, yiaddr }) => [type, yiaddr])).toEqual(
        keeping.map(({ yiaddr }) => [5, yiaddr]),
      );
      expect(answers.map(leaseSeconds).every((seconds) => seconds > 0)).toBe(true);
      expect(refused.type).toBe(6); // Its twin has its address: it alone gets another one.
      expect(again.yiaddr).not.toBe(doubled.yiaddr);
      expect(extended.map((held) => held?.address)).toEqual(before.map(({ address }) => address));
      for (const { gateway } of cluster.nodes) {
        const begun = (gateway?.log ?? []).filter(isDiscover).map((line) => line['hardware']);
        expect(begun.filter((mac) => real.some((_, place) => hardwareOf(90 + place) === mac))).toEqual([]);
      }
      const kept = [
        ...keeping.map(({ yiaddr }) => yiaddr),
        ...before.map(({ address }) => address.split('/')[0]),
      ];
      const all = [...kept, late.yiaddr, again.yiaddr];
      expect(new Set(all).size).toBe(all.length);
      for (const place of cluster.nodes.keys())
        await cluster.until(async () => {
          const bound = (await cluster.mirror(place)).filter(({ state }) => state === 'bound');
          expect(bound.map(({ address }) => address).sort()).toEqual([...all].sort());
          expect(new Set(bound.map(({ mac }) => mac)).size).toBe(bound.length);
        });
    }, 400_000);
  },
);

/** The highest address of the pool that nobody has. */
function freeAddress(taken: readonly string[]): string {
  for (let last = 254; ; last -= 1) if (!taken.includes(`10.15.3.${last}`)) return `10.15.3.${last}`;
}

function addressOf(guest: RealGuest): string {
  return guest.held()?.address.split('/')[0] ?? '';
}

/**
 * Many guests with a lease each, of addresses that nobody has elsewhere: dnsmasq itself finds by ping who is on, which takes
 * it seconds.
 */
async function guestsOf(client: RawClient, from: number, taken: readonly string[]): Promise<HeardReply[]> {
  const guests: HeardReply[] = [];
  for (let number = from; guests.length < MANY; number += 1) {
    const offer = await client.discover(hardwareOf(number));
    if (taken.includes(offer.yiaddr)) continue;
    const ack = await client.select(offer);
    expect([ack.type, ack.yiaddr]).toEqual([5, offer.yiaddr]);
    client.holds.set(ack.yiaddr, ack.chaddr);
    guests.push(ack);
  }
  return guests;
}

/** A lease of an address that the guest asks for, which its server believes to be free. */
async function leaseOf(client: RawClient, chaddr: string, address: string): Promise<HeardReply> {
  const wanted = [50, ...ip(address)] as const;
  const offer = await client.ask({ chaddr, options: [messageType('DHCPDISCOVER'), wanted] });
  const ack = await client.ask(selecting(offer));
  expect([ack.type, ack.yiaddr]).toEqual([5, address]);
  return ack;
}

/** The lines of each step of the chapter, one list for each block. */
function printedSteps(): readonly (readonly string[])[] {
  const page = readFileSync(join(ROOT, 'docs/moving-in.md'), 'utf8');
  const [, chapter = ''] = page.split(/^## From three dnsmasq.*$/m);
  const [own = ''] = chapter.split(/^## /m);
  const blocks = [...own.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) =>
    text.trim().split('\n'),
  );
  expect(blocks).toHaveLength(6);
  return blocks;
}

/** Runs printed lines in a shell on the first node, where `ssh nodeN cat FILE` reads the file of that node. */
function commands(cluster: Cluster, folder: string) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  script('vps-gateway', `exec ${process.execPath} ${builtProgram()} "$@"`);
  script('ssh', `exec cat ${folder}/$1/\${3##*/}`);
  const environment = {
    ...gatewayEnvironment(cluster.nodes[0]?.directory ?? '', cluster.settingsOf(0)),
    PATH: `${bin}:${process.env['PATH']}`,
  };
  return async (lines: readonly string[] = []): Promise<Ran[]> => {
    const all: Ran[] = [];
    for (const line of lines) {
      const here = line.startsWith('ssh') ? line : line.replace(OLD_FOLDER, `${folder}/node1/`);
      all.push(await run(cluster.nodes[0]?.host, ['sh', '-c', `cd ${folder} && ${here}`], environment));
    }
    return all;
  };
}
