import { expect, test } from 'vitest';
import { bootMessage, type TYPE_CODES } from '../../../src/cli/lab/guests/boot-message.ts';
import { ALWAYS, BuiltInClient } from '../../../src/cli/lab/guests/built-in-client.ts';
import { renewedNow } from '../../../src/cli/lab/orders/newcomers.ts';
import { type HardwareAddress, hardwareFromText } from '../../../src/net/hardware-address.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { decode } from '../../../src/wire/decode.ts';
import { BOOTREPLY } from '../../../src/wire/layout.ts';
import type { Message } from '../../../src/wire/message.ts';

const SERVER = ipv4FromText('10.15.3.10') ?? 0;
const ADDRESS = ipv4FromText('10.15.3.57');
const HARDWARE = hardwareFromText('52:54:00:15:03:04') as HardwareAddress;

function messageOf(bytes: Uint8Array): Message {
  const message = decode(bytes, new DataView(bytes.buffer, 0, bytes.length), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  return message;
}

type Answers = Partial<Record<string, keyof typeof TYPE_CODES>>;

const WELL: Answers = { DHCPDISCOVER: 'DHCPOFFER', DHCPREQUEST: 'DHCPACK' };

/** A guest, and a server that answers it as `answers` says at the time. */
function guestOf(leaseSeconds = 600) {
  const server = { answers: WELL };
  const link = {
    announce: () => undefined,
    toServer: (bytes: Uint8Array) => {
      const asked = messageOf(Uint8Array.from(bytes));
      const type = server.answers[asked.type ?? ''];
      if (type === undefined) return;
      const options: [number, number][] = [
        [54, SERVER],
        [51, leaseSeconds],
      ];
      const yiaddr = type === 'DHCPNAK' ? {} : { yiaddr: ADDRESS };
      const reply = { op: BOOTREPLY, type, xid: asked.xid, hardware: HARDWARE, options } as const;
      const told = messageOf(Uint8Array.from(bootMessage({ ...reply, ...yiaddr } as typeof reply)));
      queueMicrotask(() => client.receive(told, HARDWARE));
    },
  };
  const client = new BuiltInClient(link, { hardware: HARDWARE, hostname: 'guest' });
  return { client, server };
}

test('RFC 2131 §4.4.5: after a DHCPNAK the client goes on until it has a lease, also when the caller waits no longer', async () => {
  const { client, server } = guestOf();
  const first = await client.boot(1000);

  server.answers = { DHCPREQUEST: 'DHCPNAK' };
  const renewed = await client.renew(0);
  server.answers = WELL;
  const again = await new Promise((resolve) => (client.onLease = resolve));
  client.off();

  expect(first?.address).toBe(ADDRESS);
  expect(renewed).toBeUndefined();
  expect(again).toMatchObject({ address: ADDRESS });
});

test('a guest whose lease has ended while no gateway answered is judged by the lease that it gets when it begins anew', async () => {
  const { client, server } = guestOf();
  await client.boot(1000);
  server.answers = {};
  // As at the end of a lease: it has none, and begins anew by itself.
  const booting = client.boot(ALWAYS);

  const judged = renewedNow(client, 10_000);
  server.answers = WELL;
  const renewed = await judged;
  await booting;
  client.off();

  expect(renewed).toMatchObject({ address: ADDRESS });
});

test('a guest that nobody answers has not renewed', async () => {
  const { client, server } = guestOf();
  await client.boot(1000);
  server.answers = {};

  expect(await renewedNow(client, 0)).toBeUndefined();
  client.off();
});
