import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/reporting/status.ts';
import { injectInto, stop } from '../support/disk-fault.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { messageType } from '../support/packet.ts';
import type { Printed } from '../support/printed.ts';
import { selecting } from '../support/raw-client.ts';
import { type Ran, run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:00:01';
const B = '52:54:00:4e:00:02';
/** Milliseconds. */
const PATIENCE = 15_000;
const ONE_ADDRESS = { GATEWAY_DHCP_POOL_START: '10.15.3.20', GATEWAY_DHCP_POOL_END: '10.15.3.20' };

describeSystem('the exit status of health', ['strace', 'nft'], () => {
  const segment = useTestSegment();

  const health = (directory: string, ...words: readonly string[]): Promise<Ran> =>
    run(
      segment().node,
      [process.execPath, builtProgram(), 'health', '--leases-dir', directory, ...words],
      gatewayEnvironment(directory),
    );
  /** Asks until it is so: what happens takes a moment to be seen. */
  const until = async (status: number, directory: string): Promise<string> => {
    for (const end = Date.now() + PATIENCE; ; ) {
      const ran = await health(directory);
      if (ran.status === status) return `${ran.output}${ran.errors}`;
      if (Date.now() > end)
        throw new Error(`it is ${ran.status} and not ${status}: ${ran.output}${ran.errors}`);
    }
  };

  test('is 0 while a new guest would get an address, and shows the pool and what the gateway was started with', async () => {
    const gateway = await segment().gateway({ GATEWAY_DHCP_LEASE_TIME: '2h' });
    await segment().client().lease(A);

    const text = await until(0, gateway.directory);
    const { output } = await health(gateway.directory, '--json');

    expect(text).toMatch(/^serving on 10\.15\.3\.10 \(eth0, raw\): a new guest gets an address$/m);
    expect(text).toMatch(/^pool: 1 of 235 leased, 234 left \(10\.15\.3\.20-10\.15\.3\.254\)$/m);
    expect(text).toMatch(/^ {2}GATEWAY_DHCP_LEASE_TIME=2h \(environment GATEWAY_DHCP_LEASE_TIME\)$/m);
    const said: Printed<Status> = JSON.parse(output);
    expect(said).toMatchObject({
      verdict: 'served',
      problems: [],
      pool: { size: 235, leased: 1, left: 234 },
    });
    expect(said.settings).toContainEqual({
      setting: 'GATEWAY_DHCP_GATEWAY',
      value: '10.15.3.1',
      from: 'default',
    });
  });

  test('is 0 where some guests are kept away by the rules, which are named, with who was refused', async () => {
    const gateway = await segment().gateway({
      GATEWAY_DHCP_DENY_MACS: '52:54:00:4e:00',
      GATEWAY_DHCP_KNOWN_CLIENTS_ONLY: 'on',
    });
    const client = segment().client();
    client.send({ chaddr: A, options: [messageType('DHCPDISCOVER')] });
    client.send({ chaddr: '52:54:00:4f:00:01', options: [messageType('DHCPDISCOVER')] });

    let text = '';
    while (!text.includes('refused: 2 clients')) text = await until(0, gateway.directory);

    expect(text).toMatch(
      /: a new guest gets an address, if GATEWAY_DHCP_KNOWN_CLIENTS_ONLY and GATEWAY_DHCP_DENY_MACS let it$/m,
    );
    expect(text).toMatch(/^ {2}52:54:00:4f:00:01: unknown-client, 1 message, the last one at /m);
    expect(text).toMatch(/^ {2}52:54:00:4e:00:01: denied, 1 message, the last one at /m);
  });

  test('is 3 while the pool is full', async () => {
    const gateway = await segment().gateway(ONE_ADDRESS);
    await segment().client().lease(A);

    const text = await until(3, gateway.directory);

    expect(text).toMatch(/^problem: the pool is full: .*\n {2}to mend it: .*GATEWAY_DHCP_POOL_END/m);
    expect(text).toMatch(/^pool: 1 of 1 leased, 0 left/m);
  });

  test('is 0 with a warning from 90 % of the pool on', async () => {
    const gateway = await segment().gateway({ ...ONE_ADDRESS, GATEWAY_DHCP_POOL_END: '10.15.3.29' });
    const client = segment().client();
    for (let guest = 1; guest <= 9; guest += 1) await client.lease(`52:54:00:4e:01:0${guest}`);

    const text = await until(0, gateway.directory);

    expect(text).toMatch(/^warning: 90 % of the pool are in use/m);
  });

  test('is 1 while the listen address is gone, with the line that brings it back', async () => {
    const { node } = segment();
    const gateway = await segment().gateway();
    node.ip('addr del 10.15.3.10/24 dev eth0');

    const gone = await until(1, gateway.directory);
    node.ip('addr add 10.15.3.10/24 dev eth0');
    await until(0, gateway.directory);

    expect(gone).toMatch(/^waiting: A NEW GUEST GETS NO ADDRESS$/m);
    expect(gone).toMatch(/^ {2}to mend it: .*ip addr add 10\.15\.3\.10\/24 dev/m);
  });

  test('is 1 while the interface is down', async () => {
    const { node } = segment();
    const gateway = await segment().gateway();
    await until(0, gateway.directory);

    node.ip('link set eth0 down');
    const down = await until(1, gateway.directory);
    node.ip('link set eth0 up');
    await until(0, gateway.directory);

    expect(down).toMatch(/^problem: the interface eth0 is down\n {2}to mend it: ip link set eth0 up$/m);
    expect(down).toMatch(/^messages: .*; nothing is connected to the interface$/m);
  });

  test('is 1 while etcd does not answer', async () => {
    const shared = { GATEWAY_ETCD_ENDPOINTS: 'http://127.0.0.1:23', GATEWAY_SEGMENT: 'vpsnet' };
    const gateway = await segment().gateway(shared);

    const text = await until(1, gateway.directory);

    expect(text).toMatch(
      /^problem: leases cannot be stored: etcd at 127\.0\.0\.1:23: .*\n {2}to mend it: see `vps-gateway cluster status`/m,
    );
  });

  test('is 1 while the leases cannot be stored', async () => {
    const gateway = await segment().gateway();
    const client = segment().client();
    const offer = await client.discover(B);
    const faults = await injectInto(gateway, 'pwrite64:error=EROFS');
    client.send(selecting(offer));
    await gateway.until('it said so', () => says(gateway, /cannot be stored/));

    const text = await until(1, gateway.directory);

    expect(text).toMatch(/^problem: leases cannot be stored: EROFS.*\n {2}to mend it: see to the disk/m);
    await stop(faults);
    await until(0, gateway.directory);
  });

  test('is 1 while the file system of the leases is read-only, before any lease has failed for it', async () => {
    const gateway = await segment().gateway();
    await until(0, gateway.directory);
    const faults = await injectInto(gateway, 'utimensat:error=EROFS', 'leases.sqlite.lock');

    const text = await until(1, gateway.directory);
    await stop(faults);
    await until(0, gateway.directory);

    expect(text).toMatch(
      /^problem: nothing can be written in the leases directory: .*EROFS.*\n {2}to mend it: .*remount,rw/m,
    );
  });

  test('is 1 while a firewall drops what comes to the interface, and 0 when the rule is gone', async () => {
    const { node } = segment();
    const gateway = await segment().gateway();
    const client = segment().client();
    const quiet = await until(0, gateway.directory);
    node.run('nft', 'add table inet strict');
    node.run('nft', 'add chain inet strict input { type filter hook input priority 0; policy accept; }');
    node.run('nft', 'add rule inet strict input udp dport 67 drop');
    const asking = setInterval(() => client.send({ chaddr: A, options: [messageType('DHCPDISCOVER')] }), 300);

    const deaf = await until(1, gateway.directory).finally(() => clearInterval(asking));
    const why = [process.execPath, builtProgram(), 'why', A, '--leases-dir', gateway.directory];
    const { output: cause } = await run(node, why);
    const looking = [
      process.execPath,
      builtProgram(),
      'doctor',
      '--no-ask',
      '--leases-dir',
      gateway.directory,
    ];
    const { output: examined } = await run(node, looking);
    node.run('nft', 'delete table inet strict');
    await client.lease(A);
    const well = await until(0, gateway.directory);

    expect(quiet).toMatch(
      /^messages: no DHCP message has arrived since .*, nor has any come to the interface$/m,
    );
    expect(deaf).toMatch(
      /^problem: DHCP broadcasts come to eth0, and none reaches the gateway: a firewall .*\n {2}it is dropped by: nftables: rule 2 of chain inet strict input .*\n {2}to mend it: nft insert rule inet strict input iifname eth0 udp dport 67 accept$/m,
    );
    expect(cause).toMatch(/to mend it: nft insert rule inet strict input iifname eth0 udp dport 67 accept$/m);
    expect(examined).toMatch(
      /^bad +firewall: .*\n +why: .*; the running gateway receives nothing of what comes/m,
    );
    expect(examined).not.toContain('gateway-unheard');
    expect(well).toMatch(/^messages: the last one came at /m);
    await gateway.until('it said so', () => says(gateway, /reach the sockets again/));
  });

  test('is 0, and it says that it does not know of firewalls, without NET_RAW', async () => {
    const under = ['setpriv', '--inh-caps=-all', '--bounding-set=-all,+net_bind_service,+net_admin'];
    const gateway = await segment().gateway({}, segment().folder(), under);
    let text = '';
    await expect.poll(async () => (text = await until(0, gateway.directory))).toContain('is not known');

    expect(text).toMatch(
      /^messages: no DHCP message has arrived since .*; whether a firewall drops them is not known .*$/m,
    );
  });

  test('is 2 where nobody answers, and says whether there is no gateway, no right, or another directory', async () => {
    const gateway = await segment().gateway();
    const { directory } = gateway;
    await until(0, directory);
    const empty = segment().folder();

    const stranger = await run(segment().node, [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      builtProgram(),
      'health',
      '--leases-dir',
      directory,
    ]);
    const elsewhere = await health(empty);
    gateway.signal('SIGSTOP');
    const standing = await health(directory);
    gateway.signal('SIGCONT');
    await gateway.end('SIGKILL');
    const killed = await health(directory);
    const asJson = await health(directory, '--json');
    writeFileSync(join(empty, 'leases.sqlite'), '');
    const ended = await health(empty);

    expect([stranger, elsewhere, standing, killed, asJson, ended].map(({ status }) => status)).toEqual([
      2, 2, 2, 2, 2, 2,
    ]);
    expect(standing.errors).toMatch(/a gateway runs, but it gives no answer .*\nto mend it: it stands still/);
    expect(stranger.errors).toMatch(/uid 65534 has no right .*\nto mend it: run this as root/);
    expect(elsewhere.errors).toMatch(
      /no gateway has used the directory .*\nto mend it: something listens on UDP port 67 here: if it is a gateway, name its leases/,
    );
    expect(killed.errors).toMatch(/no gateway runs: the one that had .* has ended/);
    expect(JSON.parse(asJson.output)).toMatchObject({ verdict: 'no-answer', reason: 'no-process' });
    expect(ended.errors).toMatch(/no gateway runs with the leases directory/);
  });
});

describeSystem('what check says of the firewall', ['nft', 'iptables'], () => {
  const segment = useTestSegment();

  const check = async (wanted = 0): Promise<string> => {
    const command = [process.execPath, builtProgram(), 'check'];
    const { output, status } = await run(segment().node, command, gatewayEnvironment(segment().folder()));
    expect(status).toBe(wanted);
    return output;
  };

  test('a rule of nftables or iptables that drops UDP port 67 on the interface is named, and no other is', async () => {
    const { node } = segment();
    const nft = (...words: readonly string[]) => node.run('nft', ...words);
    const before = await check();

    nft('add table inet strict');
    nft('add chain inet strict input { type filter hook input priority 0; policy accept; }');
    nft('add rule inet strict input iifname "wan0" udp dport 67 drop');
    const elsewhere = await check();
    nft('add rule inet strict input iifname "eth0" udp dport { 53, 67 } drop');
    const dropped = await check(1);
    nft('insert rule inet strict input iifname "eth0" udp sport 68 udp dport 67 accept');
    const accepted = await check();
    nft('delete table inet strict');
    node.run(
      'iptables',
      '-A',
      'INPUT',
      '-i',
      'eth0',
      '-p',
      'udp',
      '-m',
      'multiport',
      '--dports',
      '67,68',
      '-j',
      'DROP',
    );
    const byIptables = await check(1);
    node.run('iptables', '-F', 'INPUT');
    nft('delete table ip filter'); // So that nothing of iptables is in nftables.
    const older = ['INPUT', '-i', 'eth0', '-p', 'udp', '--dport', '67', '-j', 'DROP'];
    node.run('iptables-legacy', '-A', ...older);
    const byLegacy = await check(1);
    node.run('iptables-legacy', '-D', ...older);

    nft('add table ip filter');
    nft('add chain ip filter input { type filter hook input priority 0; policy drop; }');
    nft('add rule ip filter input udp dport 22 accept');
    const byName = await check(1);
    nft('flush table ip filter');
    nft('delete table ip filter');
    nft('add table ip filter');
    nft('add chain ip filter INPUT { type filter hook input priority 0; policy accept; }');
    nft('add set ip filter web { type inet_service; elements = { 80, 443 } }');
    nft('add rule ip filter INPUT udp dport @web drop');
    const ofOtherPorts = await check();
    nft('delete table ip filter');
    nft('add table inet free');
    nft('add chain inet free raw { type filter hook prerouting priority -300; }');
    nft('add rule inet free raw udp dport 67 notrack');
    nft('add chain inet free input { type filter hook input priority 0; policy drop; }');
    nft('add rule inet free input ct state untracked accept');
    const untracked = await check();
    nft('delete table inet free');
    nft('add table ip filter');
    nft('delete table ip filter');

    for (const well of [before, elsewhere, accepted, ofOtherPorts, untracked]) {
      expect(well).not.toContain('firewall');
      expect(well).toMatch(/^no problems$/m);
    }
    expect(
      dropped.match(/^problem: the firewall drops .*eth0.*nftables: rule \d+ of chain inet strict input/gm),
    ).toHaveLength(1);
    expect(byLegacy).toMatch(/^problem: the firewall drops .*iptables -t filter -A INPUT -i eth0 -p udp /m);
    // A table of that name is not of iptables' making, whatever that prints of it.
    expect(byName).toMatch(/^problem: the firewall drops .*the policy drop of chain ip filter input/m);
    expect(
      byIptables.match(/^problem: the firewall drops .*iptables -t filter -A INPUT -i eth0 -p udp /gm),
    ).toHaveLength(1);
  });
});

function says(gateway: GatewayProcess, words: RegExp): boolean {
  return gateway.log.some(({ msg }) => words.test(String(msg)));
}
