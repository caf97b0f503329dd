import { expect, test } from 'vitest';
import { bootMessage, type TYPE_CODES } from '../../../src/cli/lab/guests/boot-message.ts';
import { BuiltInClient } from '../../../src/cli/lab/guests/built-in-client.ts';
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

test('RFC 2131 §4.4.5: after a DHCPNAK the client goes on until it has a lease, also when the caller waits no longer', async () => {
  let answers: Partial<Record<string, keyof typeof TYPE_CODES>> = {
    DHCPDISCOVER: 'DHCPOFFER',
    DHCPREQUEST: 'DHCPACK',
  };
  const link = {
    announce: () => undefined,
    toServer: (bytes: Uint8Array) => {
      const asked = messageOf(Uint8Array.from(bytes));
      const type = answers[asked.type ?? ''];
      if (type === undefined) return;
      const options: [number, number][] = [
        [54, SERVER],
        [51, 600],
      ];
      const yiaddr = type === 'DHCPNAK' ? {} : { yiaddr: ADDRESS };
      const reply = { op: BOOTREPLY, type, xid: asked.xid, hardware: HARDWARE, options } as const;
      const told = messageOf(Uint8Array.from(bootMessage({ ...reply, ...yiaddr } as typeof reply)));
      queueMicrotask(() => client.receive(told, HARDWARE));
    },
  };
  const client = new BuiltInClient(link, { hardware: HARDWARE, hostname: 'guest' });
  const first = await client.boot(1000);

  answers = { DHCPREQUEST: 'DHCPNAK' };
  const renewed = await client.renew(0);
  answers = { DHCPDISCOVER: 'DHCPOFFER', DHCPREQUEST: 'DHCPACK' };
  const again = await new Promise((resolve) => (client.onLease = resolve));
  client.off();

  expect(first?.address).toBe(ADDRESS);
  expect(renewed).toBeUndefined();
  expect(again).toMatchObject({ address: ADDRESS });
});
