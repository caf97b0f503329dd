import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandsOn } from '../support/commands.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { ROOT } from '../support/pages.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:08:01';
const B = '52:54:00:4e:08:02';

describeSystem('import of what another server has written', [], () => {
  const segment = useTestSegment();

  const { managed, program } = commandsOn(segment);
  const file = (name: string, ...lines: readonly string[]): string => {
    const path = join(segment().folder(), name);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  };
  const end = Math.floor(Date.now() / 1000) + 3600;

  test('tells of each line what became of it: who has the address here, what is wrong with it; the rest stand', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(B);
    const leases = file(
      'dnsmasq.leases',
      `${end} ${A} ${yiaddr} * *`,
      `${end} 52:54:00:4e:08:03 10.15.3.120 shop *`,
      `${end} 52:54:00:4e:08:04 10.15.3.1 * *`,
      `${end} 52:54:00:4e:08:05 10.15.4.20 * *`,
      'nonsense',
      `1000000000 52:54:00:4e:08:06 10.15.3.121 * *`,
    );
    const hosts = file(
      'hosts',
      'dhcp-host=52:54:00:4e:08:07,10.15.3.122,web',
      'dhcp-host=52:54:00:4e:08:08,10.15.3.1',
      'dhcp-host=52:54:00:4e:08:03,shop,12h',
      'dhcp-host=zz:zz',
    );

    const ran = await program(directory, 'import', 'dnsmasq', '--leases', leases, '--hosts', hosts);
    const listed = await program(directory, 'reservations', 'list', '--json');

    expect(ran.status).toBe(65);
    for (const wanted of [
      `^refused +${yiaddr} +${A} .* ${leases}:1 +${B} has it here, until 20`,
      `^leased +10\\.15\\.3\\.120 +52:54:00:4e:08:03 +shop +20\\S+Z +${leases}:2`,
      `^refused +10\\.15\\.3\\.1 .* ${leases}:3 +10\\.15\\.3\\.1 is the address of the router`,
      `^refused +10\\.15\\.4\\.20 .* ${leases}:4 +10\\.15\\.4\\.20 is not in 10\\.15\\.3\\.0/24`,
      `^fault .* ${leases}:5 +is no lease`,
      `^reserved +10\\.15\\.3\\.122 +52:54:00:4e:08:07 +web .* ${hosts}:1`,
      `^refused .* ${hosts}:2 .*router`,
      `^reserved +10\\.15\\.3\\.120 +52:54:00:4e:08:03 +shop .* ${hosts}:3`,
      `^fault .* ${hosts}:4 +zz:zz is no address, MAC, name or time`,
    ])
      expect(ran.output).toMatch(new RegExp(wanted, 'm'));
    expect(ran.errors).toContain('1 leased, 2 reserved, 4 refused, 2 faults; left out: 1 expired');
    expect(JSON.parse(listed.output).map(({ id }: { id: string }) => id)).toEqual(['shop', 'web']);
  });

  test('leaves what is reserved here as it is: it is known, or refused with what it has', async () => {
    const directory = await managed();
    const set = [
      'reservations',
      'set',
      'web',
      '--mac',
      A,
      '--address',
      '10.15.3.57',
      '--label',
      'tier=front',
    ];
    await program(directory, ...set);
    const hosts = file(
      'dhcpd.conf',
      `host shop { hardware ethernet ${A}; fixed-address 10.15.3.57; }`,
      `host web { hardware ethernet ${B}; fixed-address 10.15.3.58; }`,
    );
    const elsewhere = file('other.conf', `host web { hardware ethernet ${A}; fixed-address 10.15.3.60; }`);

    const ran = await program(directory, 'import', 'dhcpd', '--hosts', hosts);
    const moved = await program(directory, 'import', 'dhcpd', '--hosts', elsewhere);
    const shown = await program(directory, 'reservations', 'show', 'web', '--json');

    expect(ran).toMatchObject({ status: 0 });
    expect(ran.output).toMatch(/^known +10\.15\.3\.57 .*web has 10\.15\.3\.57 here/m);
    expect(ran.output).toMatch(new RegExp(`^reserved +10\\.15\\.3\\.58 +${B} +${B} `, 'm')); // The name is another's.
    expect(moved.status).toBe(65);
    expect(moved.output).toMatch(/^refused +10\.15\.3\.60 .*web has 10\.15\.3\.57 here/m);
    expect(JSON.parse(shown.output)[0]).toMatchObject({ mac: [A], labels: { tier: 'front' } });
  });

  test('of hosts that have a client identifier alone nothing changes again; a name that two have is of the first', async () => {
    const directory = await managed();
    const hosts = file(
      'hosts',
      'dhcp-host=id:01:52:54:00:4e:08:33,10.15.3.133',
      'dhcp-host=id:foo,10.15.3.134,shop',
      'dhcp-host=id:bar,10.15.3.135,shop',
      'dhcp-host=id:baz',
    );
    const elsewhere = file('other', 'dhcp-host=id:foo,10.15.3.136', 'dhcp-host=id:FOO,10.15.3.137');

    const ran = await program(directory, 'import', 'dnsmasq', '--hosts', hosts);
    const again = await program(directory, 'import', 'dnsmasq', '--hosts', hosts);
    const moved = await program(directory, 'import', 'dnsmasq', '--hosts', elsewhere);

    expect(ran).toMatchObject({ status: 0, errors: expect.stringContaining('4 reserved') });
    expect(again).toMatchObject({ status: 0, errors: expect.stringContaining('4 known') });
    expect(again.output).toMatch(/^known +10\.15\.3\.134 .*shop has 10\.15\.3\.134 here/m);
    expect(moved.status).toBe(65);
    expect(moved.output).toMatch(/^refused +10\.15\.3\.136 .*shop has 10\.15\.3\.134 here/m);
    expect(moved.output).toMatch(/^reserved +10\.15\.3\.137 /m);
  });

  test('reads what the clean-up of Kea has left beside its memfile, the older files first', async () => {
    const directory = await managed();
    const heading =
      'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state';
    const now = file('kea-leases4.csv', heading, `10.15.3.120,${A},,0,${end},1,0,0,,0`);
    writeFileSync(
      `${now}.2`,
      `${heading}\n10.15.3.120,${A},,3600,${end},1,0,0,,0\n10.15.3.121,${B},,3600,${end},1,0,0,,0\n`,
    );

    const ran = await program(directory, 'import', 'kea', '--leases', now, '--json');

    expect(JSON.parse(ran.output)).toMatchObject({
      items: [{ what: 'leased', address: '10.15.3.121', file: `${now}.2`, line: 3 }],
      left_out: { 'older entry': 1, 'not leased': 1 },
    });
  });

  test('reserves an address for each guest of Proxmox at one bridge, by its number and name; again nothing changes', async () => {
    const directory = await managed();
    const { yiaddr } = await segment().client().lease(A);
    const folder = segment().folder();
    const config = (id: number, ...lines: readonly string[]) => {
      const path = join(folder, `${id}.conf`);
      writeFileSync(path, `${lines.join('\n')}\n`);
      return ['--from', path];
    };
    const from = [
      ...config(
        104,
        'name: web',
        `net0: virtio=${A},bridge=vpsnet`,
        'net1: virtio=BC:24:11:00:00:02,bridge=vmbr0',
      ),
      ...config(105, 'hostname: db', `net0: name=eth0,bridge=vpsnet,hwaddr=${B},ip=10.15.3.57/24`),
    ];
    const proxmox = (...words: readonly string[]) =>
      program(directory, 'import', 'proxmox', ...from, ...words);

    const unclear = await proxmox();
    const other = await proxmox('--bridge', 'vmbr7');
    const [dryRun = '', forGood = ''] = printed(folder, directory);
    const dry = await run(segment().node, ['bash', '-c', dryRun], gatewayEnvironment(directory));
    const none = await program(directory, 'reservations', 'list', '--json');
    const ran = await run(segment().node, ['bash', '-c', forGood], gatewayEnvironment(directory));
    const again = await proxmox('--bridge', 'vpsnet');
    const listed = await program(directory, 'reservations', 'list', '--json');

    expect([unclear.status, other.status]).toEqual([78, 78]);
    expect(unclear.errors).toMatch(/at several bridges: vmbr0, vpsnet\nto mend it: .*--bridge vmbr0/);
    expect(other.errors).toContain('no card is at the bridge vmbr7: vmbr0, vpsnet');
    expect(dry.output).toMatch(new RegExp(`^reserved +${yiaddr} +${A} +104 `, 'm'));
    expect(none.output).toBe('[]\n');
    expect(ran).toMatchObject({ status: 0 });
    expect(again.output).toMatch(/^known .*\nknown /m);
    expect(JSON.parse(listed.output)).toMatchObject([
      { id: '104', address: yiaddr, mac: [A], hostname: 'web', vps_id: '104' },
      { id: '105', address: '10.15.3.57', mac: [B], hostname: 'db', vps_id: '105' },
    ]);
  });

  test('without a gateway, a file or anything to import says so, and what to do', async () => {
    const directory = segment().folder();
    const leases = file('dnsmasq.leases', `${end} ${A} 10.15.3.120 * *`, 'nonsense');

    const none = await program(directory, 'import', 'dnsmasq', '--leases', leases);
    const missing = await program(directory, 'import', 'kea', '--leases', '/nowhere');
    const nothing = await program(directory, 'import', 'dhcpd');

    expect(none.status).toBe(69);
    expect(none.output).toMatch(/^fault .*:2 +is no lease/m); // The file is read all the same.
    expect(none.errors).toMatch(
      /^vps-gateway: no gateway answers at .*; nothing was changed\nto mend it: .*start the gateway/,
    );
    expect([missing.status, missing.errors]).toEqual([
      78,
      'vps-gateway: /nowhere: cannot be read (ENOENT)\n',
    ]);
    expect([nothing.status, nothing.errors]).toEqual([
      78,
      expect.stringMatching(/nothing to import\nto mend it: name a file: --leases, --hosts/),
    ]);
  });
});

/** The commands that docs/moving-in.md prints for Proxmox, with the configurations of a folder. */
function printed(folder: string, directory: string): readonly string[] {
  const page = readFileSync(join(ROOT, 'docs/moving-in.md'), 'utf8');
  return [...page.matchAll(/^tail .* vps-gateway import proxmox .*$/gm)].map(([line]) =>
    line
      .replace('/etc/pve/nodes/*/*/*.conf', `${folder}/*.conf`)
      .replace('| vps-gateway', `| ${process.execPath} ${builtProgram()}`)
      .replace('OCvpsnet', `vpsnet --leases-dir ${directory}`),
  );
}
