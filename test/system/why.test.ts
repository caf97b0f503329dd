import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { serverOf } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:00:01';
const B = '52:54:00:4e:00:02';
const C = '52:54:00:4e:00:03';
const D = '52:54:00:4e:00:04';

describeSystem('why', [], () => {
  const segment = useTestSegment();

  async function managed(settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const gateway = await segment().gateway(settings);
    await gateway.untilManaged();
    return gateway;
  }

  async function why(directory: string, mac: string): Promise<string> {
    const words = [process.execPath, builtProgram(), 'why', mac, '--leases-dir', directory];
    const { status, output, errors } = await run(segment().node, words, gatewayEnvironment(directory));
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
    return output;
  }
  const discover = (chaddr: string) => segment().client().discover(chaddr);

  test('a guest with a lease has it shown with its history, and DHCP is not the cause', async () => {
    const gateway = await managed();
    const { yiaddr: address } = await segment().client().lease(A);

    const told = await why(gateway.directory, A);

    expect(told).toMatch(new RegExp(`^lease: ${address.replaceAll('.', '\\.')}, bound, until `, 'm'));
    expect(told).toMatch(/^decided: \S+ DHCPREQUEST bound /m);
    expect(told).toContain(`likeliest cause: nothing is wrong with DHCP: it has ${address}`);
  });

  test('a guest that has moved has left its old address, and got its new one', async () => {
    const gateway = await managed();
    const client = segment().client();
    const { yiaddr: old } = await client.lease(A);
    client.holds.delete(old);
    const words = ['reservations', 'set', 'one', '--mac', A, '--address', '10.15.3.201'];
    const command = [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory];
    expect((await run(segment().node, command, gatewayEnvironment(gateway.directory))).status).toBe(0);
    await client.lease(A);

    const told = (await why(gateway.directory, A)).split('\n').filter((line) => line.endsWith('(moved)'));

    expect(told.map((line) => line.replace(/^history: \S+ /, '')).sort()).toEqual([
      'bound 10.15.3.201 (moved)',
      `left ${old} (moved)`,
    ]);
  });

  test('what was heard of a guest that asks another gateway is no order, and no message to this one', async () => {
    const gateway = await managed();
    await segment().gatewayAt(11);
    const client = segment().client();
    let guest = A;
    let number = 16;
    // The first one that asks the other gateway makes that known; what a later one asks for is recorded.
    await eventually('a guest of the other gateway was heard', async () => {
      number += 1;
      guest = `52:54:00:4e:01:${number.toString(16)}`;
      const server = serverOf(await client.lease(guest)).join('.');
      return server === '10.15.3.11' && / peer-granted /.test(await why(gateway.directory, guest));
    });

    const told = await why(gateway.directory, guest);

    expect(told).toMatch(/^decided: \S+ heard on the segment peer-granted /m);
    expect(told).not.toMatch(/ (order|DHCPREQUEST|without a message) peer-granted/);

    // What is reserved here is not reserved there.
    const words = ['reservations', 'set', 'one', '--mac', guest, '--address', '10.15.3.50'];
    const command = [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory];
    expect((await run(segment().node, command, gatewayEnvironment(gateway.directory))).status).toBe(0);
    expect((await why(gateway.directory, guest)).replaceAll(/\n +/g, ' ')).toMatch(
      /likeliest cause: it has \S+ from 10\.15\.3\.11, .*: here 10\.15\.3\.50 is reserved for it \(reservation one\)/,
    );
  });

  test('of a guest with a reservation its id and address are shown, and its name where it has one', async () => {
    const gateway = await managed();
    for (const [id, mac, ...more] of [
      ['one', A],
      ['two', B, '--hostname', 'web'],
    ] as const) {
      const words = ['reservations', 'set', id, '--mac', mac, ...more, '--leases-dir', gateway.directory];
      const command = [process.execPath, builtProgram(), ...words];
      expect((await run(segment().node, command, gatewayEnvironment(gateway.directory))).status).toBe(0);
    }

    expect(await why(gateway.directory, A)).toMatch(/^reserved for it: 10\.15\.3\.\d+ \(reservation one\)$/m);
    expect(await why(gateway.directory, B)).toMatch(/^reserved for it: \S+ \(reservation two, name web\)$/m);
  });

  test('of a guest whose reservation was removed it is said that it must leave its address', async () => {
    const gateway = await managed();
    const { yiaddr } = await segment().client().lease(A);
    for (const words of [
      ['set', 'one', '--mac', A, '--address', yiaddr],
      ['remove', 'one'],
    ]) {
      const command = [process.execPath, builtProgram(), 'reservations', ...words];
      const ran = [...command, '--leases-dir', gateway.directory];
      expect((await run(segment().node, ran, gatewayEnvironment(gateway.directory))).status).toBe(0);
    }

    expect((await why(gateway.directory, A)).replaceAll(/\n +/g, ' ')).toContain(
      `likeliest cause: it has ${yiaddr} until its lease ends, and then must leave it: the reservation one of that address was removed`,
    );
  });

  test('of a guest that waits for its reserved address it is said who has that', async () => {
    const gateway = await managed();
    const { yiaddr: had } = await segment().client().lease(A);
    const { yiaddr: wanted } = await segment().client().lease(B);
    const words = ['reservations', 'set', 'one', '--mac', A, '--address', wanted];
    const command = [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory];
    const set = await run(segment().node, command, gatewayEnvironment(gateway.directory));

    const told = await why(gateway.directory, A);

    expect(set.status).toBe(0);
    expect(told).toMatch(/^reserved for it: \S+ \(reservation one\)$/m);
    expect(told.replaceAll(/\n +/g, ' ')).toContain(
      `likeliest cause: it has ${had}, and waits for ${wanted}, which is reserved for it (reservation one): that address is leased to ${B} until `,
    );
  });

  test('of a guest that was never heard while others are, its card and network are suspected', async () => {
    const gateway = await managed();
    await segment().client().lease(A);

    expect(await why(gateway.directory, B)).toMatch(
      /no message of this guest .* while those of others do\n.*VNet and VLAN/,
    );
  });

  test('where nobody is heard the node is suspected, and doctor looks at it', async () => {
    const gateway = await managed();

    expect(await why(gateway.directory, B)).toMatch(/no message of any guest .*\n.*vps-gateway doctor/);
  });

  test('of a guest that takes no offer it is said that they do not arrive', async () => {
    const gateway = await managed();
    for (let count = 0; count < 3; count += 1) await discover(B);

    expect(await why(gateway.directory, B)).toMatch(
      /it was offered an address 3 times and never asked for one/,
    );
  });

  test('of a guest that a rule keeps away the rule is named', async () => {
    const gateway = await managed({ GATEWAY_DHCP_DENY_MACS: B });
    await expect(discover(B)).rejects.toThrow();

    expect(await why(gateway.directory, B)).toMatch(/likeliest cause: a rule of yours keeps it away/);
  });

  test('of a guest that came when the pool was full that is said, with what to do', async () => {
    const gateway = await managed({ GATEWAY_DHCP_POOL_END: '10.15.3.20' });
    await segment().client().lease(A);
    await expect(discover(B)).rejects.toThrow();

    expect(await why(gateway.directory, B)).toMatch(
      /likeliest cause: no new guest gets an address: .*\n.*to mend it: /,
    );
  });

  test('asked by an address it tells of the guest that has it, of the one that it is reserved for, or of the last one', async () => {
    const gateway = await managed();
    const client = segment().client();
    const { yiaddr: leased } = await client.lease(A);
    const ack = await client.lease(B);
    const { yiaddr: left } = ack;
    client.release(ack);
    await order('reservations', 'set', 'vps-9', '--mac', C, '--address', '10.15.3.99');
    await order('reservations', 'set', 'vps-8', '--mac', D, '--address', leased);

    const ofLeased = await why(gateway.directory, leased);
    expect(ofLeased).toContain(`${leased} is leased to ${A}\n${A}\n`);
    expect(ofLeased).toContain(`${leased} is reserved for ${D} (reservation vps-8)\n${D}\n`);
    expect(ofLeased.match(/^likeliest cause: /gm)).toHaveLength(2);
    expect(await why(gateway.directory, '10.15.3.99')).toContain(
      `10.15.3.99 is reserved for ${C} (reservation vps-9)\n${C}\n`,
    );
    expect(await why(gateway.directory, left)).toMatch(
      new RegExp(`^${left.replaceAll('.', '\\.')} was last ${B}'s: \\S+ released \\(`, 'm'),
    );

    async function order(...words: readonly string[]): Promise<void> {
      const command = [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory];
      expect((await run(segment().node, command, gatewayEnvironment(gateway.directory))).errors).toBe('');
    }
  });

  test('of an address that nobody has or had it says so, and of what is neither what to write', async () => {
    const gateway = await managed();
    const told = async (what: string) => {
      const words = [process.execPath, builtProgram(), 'why', what, '--leases-dir', gateway.directory];
      const { status, errors } = await run(segment().node, words, gatewayEnvironment(gateway.directory));
      return { status, errors };
    };

    expect(await told('10.15.3.77')).toEqual({
      status: 1,
      errors: expect.stringContaining(
        'no lease, no reservation and no history names a guest of this address',
      ),
    });
    rmSync(join(gateway.directory, API_SOCKET));
    mkdirSync(join(gateway.directory, API_SOCKET)); // Else the gateway makes a new socket within two seconds.
    expect(await told('10.15.3.77')).toEqual({
      status: 1,
      errors: expect.stringContaining('which reservations there are could not be asked'),
    });
    expect(await told('10.15.3.256')).toEqual({
      status: 78,
      errors: expect.stringContaining('neither a MAC address nor an IPv4 address'),
    });
  });

  test('where no gateway runs that is the cause, and what the lease file knows is shown', async () => {
    const gateway = await managed();
    const { yiaddr: address } = await segment().client().lease(A);
    await gateway.end();

    const told = await why(gateway.directory, A);

    expect(told).toContain(`lease: ${address}, bound`);
    expect(told).toMatch(/likeliest cause: no gateway answers on this node/);
  });

  test('where the API of a gateway does not answer that is said, and what the lease file knows is shown', async () => {
    const gateway = await managed();
    const { yiaddr: address } = await segment().client().lease(A);
    rmSync(join(gateway.directory, API_SOCKET));
    mkdirSync(join(gateway.directory, API_SOCKET)); // As above.

    const told = await why(gateway.directory, A);

    expect(told).toContain(`lease: ${address}, bound`);
    expect(told).toMatch(/likeliest cause: what the gateway has decided could not be asked: /);
  });
});
