import { expect, test } from 'vitest';
import { RogueServers } from '../../src/detection/rogue-servers.ts';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { decode } from '../../src/wire/decode.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { ip, messageType, packet } from '../support/packet.ts';
import { at } from '../support/plan.ts';

const ROGUE = '10.15.3.66';
const CARD = hardwareFromText('52:54:00:66:66:66') ?? NO_HARDWARE;
const GUEST = '52:54:00:00:00:01';
const NOBODY = new Set<never>();

function watch(known: readonly string[] = [], placeOf?: (card: HardwareAddress) => string | undefined) {
  const clock = new FakeClock();
  const log = new LogLines();
  const servers = new RogueServers(clock, log, undefined, placeOf);
  servers.isKnown = (address) => known.map(at).includes(address);
  const offers = (server: string, card: HardwareAddress = CARD, source = server) => {
    const bytes = packet({
      op: 2,
      yiaddr: '192.168.1.50',
      chaddr: GUEST,
      options: [messageType('DHCPOFFER'), [54, ...ip(server)]],
    });
    const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
    if (!message.ok) throw new Error(message.malformed);
    const arrival = {
      via: 'broadcast',
      source: at(source),
      local: at('10.15.3.10'),
      frameSource: card,
    } as const;
    servers.noteReply(message, arrival);
  };
  return { clock, log, servers, offers };
}

const card = (number: number) => (0x525400000000 + number) as HardwareAddress;

test('another server that replies is named with its card, what it offered, to whom and since when', async () => {
  const { clock, log, servers, offers } = watch();

  offers(ROGUE);
  await clock.pass(5000);
  offers(ROGUE);

  const [status] = servers.status;
  expect(servers.status).toHaveLength(1);
  expect(status).toMatchObject({ server: ROGUE, by: 'replies', hardware: '52:54:00:66:66:66' });
  expect(status).toMatchObject({ offered: '192.168.1.50', client: GUEST });
  expect(Date.parse(status?.lastHeard ?? '') - Date.parse(status?.since ?? '')).toBe(5000);
  expect(servers.problem).toMatchObject({ name: 'rogue-server', stopsNewGuests: false });
  expect(servers.problem?.message).toContain(
    `${ROGUE} (52:54:00:66:66:66, 192.168.1.50, since ${status?.since})`,
  );
  expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'another DHCP server replies to guests of this segment'],
  ]);
});

test('one that guests ask for is named with a guest; once it is heard, with its own card', () => {
  const { log, servers, offers } = watch();

  servers.noteRequest(at(ROGUE), at('192.168.1.50'), card(1));
  const asked = servers.status;
  offers(ROGUE);

  expect(asked).toMatchObject([{ by: 'asked-for', hardware: null, client: GUEST, offered: '192.168.1.50' }]);
  expect(servers.status).toMatchObject([{ by: 'replies', hardware: '52:54:00:66:66:66' }]);
  expect(log.lines).toHaveLength(2);
});

test('gateways of the plan, members and listed relays are none, nor what a relay passes on; a member stays one', () => {
  const { servers, offers } = watch(['10.15.3.11', '10.15.3.5']);
  servers.check(new Set([at('10.15.3.12')]));
  servers.check(NOBODY);

  offers('10.15.3.11');
  offers('10.15.3.12');
  offers('192.0.2.1', CARD, '10.15.3.5');
  servers.noteRequest(at('10.15.3.11'), at('10.15.3.77'), card(1));

  expect(servers.problem).toBeUndefined();
});

test('one that is named as a gateway is none any more; one that is not heard of for an hour is gone', async () => {
  const { clock, servers, offers } = watch();
  offers(ROGUE);
  offers('10.15.3.67');

  servers.isKnown = (address) => address === at(ROGUE);
  servers.check(NOBODY);
  const first = servers.status.map(({ server }) => server);
  await clock.pass(3_600_000);
  servers.check(NOBODY);

  expect(first).toEqual(['10.15.3.67']);
  expect(servers.problem).toBeUndefined();
});

test('a guest that invents servers fills neither memory nor log, and hides no server that replies', () => {
  const { log, servers, offers } = watch();
  offers(ROGUE);

  for (let number = 0; number < 100_000; number += 1)
    servers.noteRequest(ipv4(0x0b000000 + number), at('10.15.3.77'), card(1));
  const ofOne = servers.status.length;
  for (let number = 0; number < 100_000; number += 1)
    servers.noteRequest(ipv4(0x0b000000 + number), at('10.15.3.77'), card(number));

  expect(ofOne).toBe(5);
  expect(servers.status).toHaveLength(16);
  expect(servers.status.map(({ server }) => server)).toContain(ROGUE);
  expect(servers.problem?.message).toMatch(new RegExp(`addresses: ${ROGUE}.*and 13 more$`));
  expect(log.lines.length).toBeLessThanOrEqual(8);
});

test('replies of ever new servers by one card leave room for one more that is heard', () => {
  const { servers, offers } = watch();

  for (let number = 0; number < 1000; number += 1) offers(`11.0.${number >> 8}.${number & 255}`);
  offers(ROGUE, card(9));

  expect(servers.status.map(({ server }) => server)).toContain(ROGUE);
  expect(servers.status).toHaveLength(5);
});

test('where it is plugged in is told, or the guest that asks for it', () => {
  const places = new Map([
    [CARD, 'VM 166, tap166i0'],
    [card(1), 'container 105, veth105i0'],
  ]);
  const { servers, offers } = watch([], (each) => places.get(each));

  offers(ROGUE);
  servers.noteRequest(at('10.15.3.67'), at('10.15.3.99'), card(1));
  servers.noteRequest(at('10.15.3.68'), at('10.15.3.99'), card(2));

  expect(servers.status.map(({ port }) => port)).toEqual([
    'VM 166, tap166i0',
    'container 105, veth105i0',
    null,
  ]);
  expect(servers.problem?.message).toContain(`${ROGUE} (52:54:00:66:66:66, VM 166, tap166i0, 192.168.1.50,`);
  expect(servers.problem?.message).toContain('asked for by 52:54:00:00:00:01, container 105, veth105i0,');
});
