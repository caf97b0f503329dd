import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { OTHER_SERVERS, RESERVED, startOther } from '../support/other-servers.ts';
import { ip, messageType, type PacketFields } from '../support/packet.ts';
import { ROOT } from '../support/pages.ts';
import { RawClient, selecting } from '../support/raw-client.ts';
import { isDiscover, RealGuest } from '../support/real-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

/** Longer than any lease of the other servers, and shorter than those of the gateway: milliseconds. */
const AN_HOUR = 3_600_000;
/** Octets that lease files write with escapes. */
const ODD_IDENTIFIER = [61, 0, 34, 92, 255, 10, 44, 59] as const;
const ODD = '52:54:00:4e:09:01';
const GONE = '52:54:00:4e:09:02';

for (const server of OTHER_SERVERS) {
  describeSystem(`moving in from ${server.name}`, ['dhclient', 'udhcpc', server.program], () => {
    const segment = useTestSegment();

    test('the guests that it served renew at the gateway without noticing, each at its address', async () => {
      const folder = segment().folder();
      const other = await startOther(server, segment().node, folder);
      const client = new RawClient(segment().guest, DEVICE, false); // Their sums are left to the card.
      onTestFinished(() => client.close());
      const offer = await client.discover(ODD, ODD_IDENTIFIER);
      const odd = await client.ask(withIdentifier(selecting(offer)));
      client.release(await client.lease(GONE));
      const web = await client.lease(RESERVED);
      const guests = [
        await RealGuest.plug(segment().segment, 'one', folder),
        await RealGuest.plug(segment().segment, 'two', folder),
      ];
      const [one, two] = guests;
      if (one === undefined || two === undefined) throw new Error('no guests');
      await two.boot('udhcpc');
      await one.boot('dhclient');
      const before = await Promise.all(guests.map((guest) => guest.untilLeased()));
      await other.end('SIGTERM');
      const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off' });
      await gateway.untilManaged();
      const program = (...words: readonly string[]) =>
        run(
          segment().node,
          [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory],
          gatewayEnvironment(gateway.directory),
        );
      const [dryRun = [], forGood = []] = printed(server.name, {
        leases: join(folder, server.leaseFile),
        hosts: join(folder, server.hostFile),
      });

      const dry = await program(...dryRun, '--json');
      const untouched = await program('leases', '--json');
      const ran = await program(...forGood);
      const again = await program(...forGood, '--json');
      two.renew();
      const extended = await eventually(
        'both have the lease time of the gateway',
        () => {
          const held = guests.map((guest) => guest.held());
          return held.every((each) => each !== undefined && each.endsAt > Date.now() + AN_HOUR) && held;
        },
        60_000,
      );
      const rebooted = await client.ask(withIdentifier(reboot(odd.yiaddr)));
      const history = await program('leases', 'history', odd.yiaddr, '--json');
      const oddLease = await program('leases', 'show', odd.yiaddr, '--json');
      const file = readFileSync(join(folder, server.leaseFile), 'utf8');

      expect(JSON.parse(untouched.output)).toEqual([]);
      expect({ ...dry, file }).toMatchObject({ status: 0 });
      expect(ran, file).toMatchObject({ status: 0 });
      const leased = JSON.parse(dry.output).items.filter(({ what }: { what: string }) => what === 'leased');
      const expected = [
        { address: odd.yiaddr, mac: ODD },
        { address: before[0]?.address.split('/')[0], mac: one.hardware },
        { address: before[1]?.address.split('/')[0], mac: two.hardware },
      ];
      for (const lease of expected) expect(leased, file).toContainEqual(expect.objectContaining(lease));
      expect(leased.some(({ mac }: { mac: string }) => mac === GONE)).toBe(false);
      expect(ran.output).toMatch(new RegExp(`^reserved +${web.yiaddr} +${RESERVED} +web `, 'm'));
      const kinds = new Set(JSON.parse(again.output).items.map(({ what }: { what: string }) => what));
      expect([...kinds]).toEqual(['known']);
      expect(extended.map((held) => held?.address)).toEqual(before.map(({ address }) => address));
      const begun = gateway.log.filter((line) => line['hardware'] !== ODD && isDiscover(line));
      expect(begun).toEqual([]);
      expect(JSON.parse(history.output).map(({ reason }: { reason: string }) => reason)).toContain(
        'imported-by-operator by cli:root: moving-in',
      );
      const [shown] = JSON.parse(oddLease.output);
      expect(shown).toMatchObject({ mac: ODD, client: '00225cff0a2c3b', state: 'bound' });
      expect(rebooted).toMatchObject({ type: 5, yiaddr: odd.yiaddr });
    }, 120_000);
  });
}

function withIdentifier(fields: PacketFields): PacketFields {
  return { ...fields, options: [...(fields.options ?? []), ODD_IDENTIFIER] };
}

/** RFC 2131 §4.3.2: INIT-REBOOT. */
function reboot(address: string): PacketFields {
  return { chaddr: ODD, options: [messageType('DHCPREQUEST'), [50, ...ip(address)]] };
}

/** The words of the commands that docs/moving-in.md prints for a server, with these files in the place of its own. */
function printed(name: string, { leases, hosts }: { leases: string; hosts: string }): readonly string[][] {
  const page = readFileSync(join(ROOT, 'docs/moving-in.md'), 'utf8');
  const lines = [...page.matchAll(new RegExp(`^vps-gateway (import ${name} .*)$`, 'gm'))];
  return lines.map(([, line = '']) =>
    line
      .replace(/--leases \S+/, `--leases ${leases}`)
      .replace(/--hosts \S+/, `--hosts ${hosts}`)
      .split(' '),
  );
}
