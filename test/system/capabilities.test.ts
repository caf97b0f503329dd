import { expect, test } from 'vitest';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:ab:00:01';

describeSystem('the capabilities of the process', [], () => {
  const segment = useTestSegment();

  test('NET_BIND_SERVICE, NET_RAW and NET_ADMIN are enough', async () => {
    await segment().gateway({}, segment().folder(), limitedTo('net_bind_service', 'net_raw', 'net_admin'));
    const client = segment().client();

    const ack = await client.lease(A);

    expect(ack).toMatchObject({ type: 5, destinationHardware: A, destination: ack.yiaddr });
  });

  test('RFC 2131 §4.1: without NET_RAW, a client that has no address is answered by broadcast', async () => {
    const gateway = await segment().gateway(
      {},
      segment().folder(),
      limitedTo('net_bind_service', 'net_admin'),
    );
    const client = segment().client();

    const ack = await client.lease(A);

    expect(ack).toMatchObject({ type: 5, destination: '255.255.255.255' });
    await gateway.until('the log named the transport', () =>
      gateway.log.some((line) => line['transport'] === 'broadcast'),
    );
  });
});

/** Root without its other powers. */
function limitedTo(...capabilities: readonly string[]): readonly string[] {
  const kept = capabilities.map((name) => `,+${name}`).join('');
  return ['setpriv', '--inh-caps=-all', `--bounding-set=-all${kept}`];
}
