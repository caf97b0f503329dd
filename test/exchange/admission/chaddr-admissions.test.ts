import { describe, expect, test } from 'vitest';
import { admit } from '../../../src/exchange/admission/admit.ts';
import { basicAdmissions } from '../../../src/exchange/admission/basic-admissions.ts';
import type { Admission } from '../../../src/exchange/parts/admission.ts';
import { hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { decode } from '../../../src/wire/decode.ts';
import { Guest } from '../../support/guest.ts';
import { ip, messageType, type PacketFields, packet } from '../../support/packet.ts';
import { at, planOf } from '../../support/plan.ts';

const MAC = '52:54:00:00:00:01';
const ROUTER = hardwareFromText('52:54:00:00:00:99') ?? NO_HARDWARE;
const MINE = '10.15.3.77';
const SERVER = [54, ...ip('10.15.3.10')] as const;
const UNICAST = { via: 'unicast', source: at(MINE), local: at('10.15.3.10') } as const;
const BROADCAST = { via: 'broadcast', source: at('0.0.0.0'), local: at('10.15.3.10') } as const;

function verdict(
  bytes: Uint8Array,
  arrival: Parameters<Admission>[1],
  { admissions = basicAdmissions(), monotonic = 0, plan = planOf() } = {},
): string {
  const message = decode(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  const result = admit(admissions, message, arrival, monotonic, plan, 0);
  return typeof result === 'string' ? result : 'admitted';
}

function message(type: Parameters<typeof messageType>[0], fields: PacketFields = {}): Uint8Array {
  const { options = [], ...others } = fields;
  return packet({ chaddr: MAC, ciaddr: MINE, options: [messageType(type), ...options], ...others });
}

describe('a message that another network card has sent than its chaddr says', () => {
  test('RFC 2131 §4.4.5: is admitted as a renewal, which a router may have passed on', () => {
    expect(verdict(message('DHCPREQUEST'), { ...UNICAST, frameSource: ROUTER })).toBe('admitted');
  });

  test.each<[string, Uint8Array, Parameters<Admission>[1]]>([
    ['a DHCPDISCOVER', new Guest(MAC).discover(), BROADCAST],
    ['a selection', message('DHCPREQUEST', { options: [[50, ...ip(MINE)], SERVER] }), BROADCAST],
    [
      'a DHCPREQUEST in INIT-REBOOT',
      message('DHCPREQUEST', { ciaddr: '0.0.0.0', options: [[50, ...ip(MINE)]] }),
      BROADCAST,
    ],
    [
      'a broadcast renewal, which no router passes on',
      message('DHCPREQUEST'),
      { ...UNICAST, via: 'broadcast' },
    ],
    [
      'a renewal of another address than it comes from',
      message('DHCPREQUEST'),
      { ...UNICAST, source: at('10.15.3.78') },
    ],
    [
      'a renewal from 0.0.0.0',
      message('DHCPREQUEST', { ciaddr: '0.0.0.0' }),
      { ...UNICAST, source: at('0.0.0.0') },
    ],
    ['a DHCPRELEASE', message('DHCPRELEASE', { options: [SERVER] }), UNICAST],
    ['a DHCPDECLINE', message('DHCPDECLINE', { options: [SERVER, [50, ...ip(MINE)]] }), UNICAST],
    ['a DHCPINFORM', message('DHCPINFORM'), UNICAST],
    ['a BOOTP message', packet({ chaddr: MAC, ciaddr: MINE }), UNICAST],
  ])('is forged as %s', (_what, bytes, arrival) => {
    expect(verdict(bytes, { ...arrival, frameSource: ROUTER })).toBe('forged');
  });

  test('is forged as a sample, of which the rest was cut off', () => {
    expect(verdict(message('DHCPREQUEST'), { ...UNICAST, frameSource: NO_HARDWARE })).toBe('forged');
  });
});

describe('messages without an Ethernet address', () => {
  const infiniband = (number: number, giaddr = '0.0.0.0') =>
    message('DHCPDISCOVER', { htype: 32, hlen: 0, giaddr, options: [[61, 0, 1, number]] });
  /** How many of so many are admitted. */
  const admittedOf = (count: number, options: Parameters<typeof verdict>[2], giaddr?: string) =>
    Array.from({ length: count }, (_, number) =>
      verdict(infiniband(number, giaddr), BROADCAST, options),
    ).filter((each) => each === 'admitted').length;

  test('have one budget together, which time fills again and no silence makes larger', () => {
    const admissions = basicAdmissions();

    const counts = [0, 0, 1000, 86_400_000].map((monotonic) => admittedOf(200, { admissions, monotonic }));

    expect(counts).toEqual([50, 0, 10, 50]);
    expect(verdict(infiniband(1), BROADCAST, { admissions, monotonic: 86_400_000 })).toBe('unjudged');
    expect(verdict(new Guest(MAC).discover(), BROADCAST, { admissions, monotonic: 86_400_000 })).toBe(
      'admitted',
    );
  });

  test('have no budget behind a listed relay, nor where nothing is checked', () => {
    const relay = { first: at('10.15.3.5'), last: at('10.15.3.5') };

    expect(admittedOf(200, { plan: planOf({ relays: [relay] }) }, '10.15.3.5')).toBe(200);
    expect(admittedOf(200, { plan: planOf({ chaddrCheck: false }) })).toBe(200);
  });
});
