import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { RealGuest } from '../support/real-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const SETTINGS = {
  GATEWAY_METRICS_PORT: 'off',
  GATEWAY_DHCP_ARP_PROBE: '300ms',
  GATEWAY_DHCP_LEASE_TIME: '20s',
};

describeSystem('a guest whose address is reserved elsewhere', ['dhclient'], () => {
  const segment = useTestSegment();

  test('is moved there by its own next renewal: one DHCPNAK, then its new address, and it is not without one in between', async () => {
    const gateway = await segment().gateway(SETTINGS);
    await gateway.untilManaged();
    const guest = await RealGuest.plug(segment().segment, 'guest', segment().folder());
    await guest.boot('dhclient');
    const before = await guest.untilLeased();

    const words = ['reservations', 'set', 'web', '--mac', guest.hardware, '--address', '10.15.3.57'];
    const ran = await run(
      segment().node,
      [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory],
      gatewayEnvironment(gateway.directory),
    );
    const stillThere = guest.held()?.address;
    const moved = await eventually(
      'it was moved',
      () => guest.held()?.address === '10.15.3.57/24' && guest.held(),
      60_000,
    );
    await guest.powerOff();
    const logged = () => gateway.log.filter(({ hardware }) => hardware === guest.hardware);
    await gateway.until('its new lease was logged', () => logged().at(-1)?.['address'] === '10.15.3.57');

    expect(ran).toMatchObject({ status: 0, errors: '' });
    expect(before.address).not.toBe('10.15.3.57/24');
    expect(stillThere).toBe(before.address);
    expect(moved.router).toBe('10.15.3.1');
    const own = logged();
    expect(own.filter(({ reply }) => reply === 'DHCPNAK')).toHaveLength(1);
    expect(own.at(-1)).toMatchObject({ address: '10.15.3.57', reply: 'DHCPACK' });
  }, 120_000);
});
