import { expect, test } from 'vitest';
import { openLeaseReader } from '../../src/store/sqlite/lease-reader.ts';
import { hardwareOf } from '../support/load.ts';
import { ip, messageType, text } from '../support/packet.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = hardwareOf(1);
const B = hardwareOf(2);
const MINE = '10.15.3.150';

describeSystem('requests that say less, or more, than they should', [], () => {
  const segment = useTestSegment();

  test('RFC 2131 §4.3.2: a client that sends options twice, and names no server, has its lease and its name', async () => {
    const directory = segment().folder();
    const gateway = await segment().gateway({}, directory);
    const client = segment().client();
    const twice = [12, ...text('Jürgens-PC')] as const;

    const offer = await client.discover(A, [50, ...ip(MINE)], [50, ...ip('10.15.3.20')], twice, twice);
    const wish = [50, ...ip(MINE)] as const;
    const options = [messageType('DHCPREQUEST'), wish, wish, [54, 0, 0, 0, 0] as const, twice, twice];
    const ack = await client.ask({ chaddr: A, options });
    client.holds.set(MINE, A);
    const renewed = await client.ask(
      { chaddr: A, ciaddr: MINE, options: [messageType('DHCPREQUEST'), [50, ...ip('10.15.3.20')]] },
      { source: MINE },
    );

    expect([offer, ack, renewed].map(({ type, yiaddr }) => [type, yiaddr])).toEqual([
      [2, MINE],
      [5, MINE],
      [5, MINE],
    ]);
    await gateway.end();
    const reader = openLeaseReader(directory);
    expect([...reader.leases({})]).toMatchObject([{ address: MINE, hostname: 'Jürgens-PC', state: 'bound' }]);
    reader.close();
  });

  test('RFC 2131 §4.3.2: a lease on what has become the router’s address is named at the start, and refused', async () => {
    const directory = segment().folder();
    const first = await segment().gateway({}, directory);
    const client = segment().client();
    await client.lease(A, [50, ...ip(MINE)]);
    await client.lease(B, [50, ...ip('10.15.3.200')]);
    await first.end();

    const settings = { GATEWAY_DHCP_POOL_END: '10.15.3.140', GATEWAY_DHCP_GATEWAY: MINE };
    const second = await segment().gateway(settings, directory);
    const routers = await client.reboot(A, MINE);
    const outside = await client.reboot(B, '10.15.3.200');
    client.holds.delete(MINE);
    const moved = await client.lease(A);

    // The leases are looked at in steps, beside the guests.
    await second.until('the lease was named', () => second.log.some(({ about }) => about !== undefined));
    expect(second.log.filter(({ about }) => about !== undefined)).toMatchObject([
      { level: 'warn', about: [`${MINE} of ${A}`], count: 1 },
    ]);
    expect([routers.type, outside.type, outside.yiaddr]).toEqual([6, 5, '10.15.3.200']);
    expect(moved.yiaddr).not.toBe(MINE);
  });
});
