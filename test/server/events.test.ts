import { expect, test } from 'vitest';
import { EventRing } from '../../src/reporting/event-ring.ts';
import { Guest } from '../support/guest.ts';
import { ip, messageType, packet } from '../support/packet.ts';
import { ServerNode } from '../support/server-node.ts';

const GUEST = new Guest('52:54:00:00:00:01');

async function watched() {
  const ring = new EventRing(100);
  const node = new ServerNode({ observer: ring, segmentObserver: ring });
  await node.server.start();
  return { ring, node };
}

const offerOf = (server: string, yiaddr: string) =>
  packet({
    op: 2,
    yiaddr,
    chaddr: GUEST.mac,
    options: [messageType('DHCPOFFER'), [54, ...ip(server)]],
  });

test('a rogue server is an event, among the decisions: with its address, what it offered, to whom and since when', async () => {
  const { ring, node } = await watched();

  await node.hear(GUEST.discover());
  await node.hear(offerOf('192.168.1.1', '192.168.1.50'));
  await node.hear(offerOf('192.168.1.1', '192.168.1.50'));
  const { events, lost } = structuredClone(ring.take());

  expect(lost).toBe(0);
  expect(events).toMatchObject([
    { number: 0, event: 'decision', reason: 'offered' },
    {
      number: 1,
      event: 'rogue',
      rogue: {
        server: '192.168.1.1',
        by: 'replies',
        offered: '192.168.1.50',
        client: GUEST.mac,
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    },
  ]);
  await node.server.stop();
});

test('whatever number of servers a guest invents, there are no more events of them than lines of the log', async () => {
  const { ring, node } = await watched();

  for (let number = 1; number < 100; number += 1)
    await node.hear(offerOf(`192.168.2.${number}`, '192.168.1.50'));

  const { events } = ring.take();
  expect(events.map(({ event }) => event)).toEqual(new Array(8).fill('rogue'));
  await node.server.stop();
});
