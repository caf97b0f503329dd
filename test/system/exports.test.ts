import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDnsmasqHosts } from '../../src/importing/dnsmasq-hosts.ts';
import { readKeaHosts } from '../../src/importing/kea-hosts.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

/** Each with a name that it gives itself; some of them mean something else to dnsmasq. */
const NAMES = [
  'web',
  'ignore',
  'infinite',
  '3600',
  '5m',
  '10.15.3.1',
  'web',
  '-bad-',
  '52:54',
  'db.example.net',
];

describeSystem('leases export', ['dnsmasq', 'kea-dhcp4'], () => {
  const segment = useTestSegment();

  test('writes what dnsmasq and Kea take, with every guest at its address, whatever guests call themselves', async () => {
    const { directory } = await segment().gateway({ GATEWAY_METRICS_PORT: 'off' });
    const client = segment().client();
    const addresses: string[] = [];
    for (const [index, name] of NAMES.entries()) {
      const mac = `52:54:00:4e:0a:${index + 10}`;
      const offer = await client.discover(mac, [12, ...Buffer.from(name)]);
      const selecting = [
        [53, 3],
        [50, ...offer.yiaddr.split('.').map(Number)],
        [54, 10, 15, 3, 10],
        [12, ...Buffer.from(name)],
      ] as const;
      addresses.push((await client.ask({ chaddr: mac, options: selecting })).yiaddr);
    }
    const exported = async (format: string) => {
      const words = ['leases', 'export', '--format', format, '--leases-dir', directory];
      const { output } = await run(
        undefined,
        [process.execPath, builtProgram(), ...words],
        gatewayEnvironment(directory),
      );
      return output;
    };
    const folder = segment().folder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };

    const dnsmasq = await exported('dnsmasq');
    const kea = await exported('kea');
    const { reservations } = JSON.parse(kea) as { reservations: unknown };
    const subnet4 = [{ subnet: '10.15.3.0/24', reservations }];
    const config = { Dhcp4: { 'interfaces-config': { interfaces: [] }, subnet4 } };
    const checks = await Promise.all([
      run(undefined, ['dnsmasq', '--test', `--conf-file=${file('dnsmasq.conf', `port=0\n${dnsmasq}`)}`]),
      run(undefined, ['kea-dhcp4', '-t', file('kea.conf', JSON.stringify(config))], {
        ...process.env,
        KEA_PIDFILE_DIR: folder,
        KEA_LOCKFILE_DIR: folder,
      }),
    ]);

    for (const { status, output, errors } of checks)
      expect({ status, output, errors }).toMatchObject({ status: 0 });
    for (const read of [
      readDnsmasqHosts({ name: 'dnsmasq.conf', text: dnsmasq }),
      readKeaHosts({ name: 'kea.conf', text: kea }),
    ]) {
      expect(read.faults).toEqual([]);
      expect(read.hosts).toHaveLength(NAMES.length);
      expect(read.hosts.every(({ leaseSeconds }) => leaseSeconds === undefined)).toBe(true);
    }
    expect((await exported('csv')).trimEnd().split('\r\n')).toHaveLength(NAMES.length + 1);
    expect(
      JSON.parse(await exported('json')).items.map(({ address }: { address: string }) => address),
    ).toEqual(addresses.toSorted((a, b) => Number(a.split('.')[3]) - Number(b.split('.')[3])));
  });
});
