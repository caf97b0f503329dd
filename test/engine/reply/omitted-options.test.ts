import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Flags } from '../../../src/config/loading/origins.ts';
import { planOfSettings } from '../../../src/config/plan-of-settings.ts';
import { omittedOptions } from '../../../src/engine/reply/omitted-options.ts';
import type { Plan } from '../../../src/subnet/plan.ts';
import { Conversation } from '../../support/conversation.ts';
import { Guest } from '../../support/guest.ts';
import { type PacketOption, u16 } from '../../support/packet.ts';
import { at } from '../../support/plan.ts';
import { decodedMessage } from '../../support/reading.ts';

const SERVER = '10.15.3.10';
const LEASE = [51, 53, 54, 58, 59, 61];
const NETWORK = [1, 3, 6, 26];

const names = (count: number, length: number) =>
  Array.from(
    { length: count },
    (_, index) => `${'abcdefghijklm'[index % 13]}${'x'.repeat(length)}${index}.net`,
  ).join();
const routes = (count: number) =>
  Array.from({ length: count }, (_, index) => `10.${index}.0.0/16=10.15.3.5`).join();
const servers = (count: number) => Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`).join();

function planFor(flags: Flags): Plan {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return {
    ...planOfSettings(loaded.settings, { listenIp: at(SERVER), mtu: 1450 }, []),
    probeMilliseconds: 0,
  };
}

/** What a guest with an identifier gets that asks for options in its order. */
function codesFor(
  plan: Plan,
  requestList: readonly number[],
  extra: readonly PacketOption[] = [],
): Set<number> {
  const guest = new Guest('52:54:00:00:00:01', {
    identifier: [255, 1, 2, 3, 4, 0, 2, 0, 0, 171, 17, 1, 2, 3, 4, 5, 6, 7, 8],
    requestList,
    options: extra,
  });
  const { bytes } = new Conversation(plan).hear(guest.discover());
  if (bytes === undefined) throw new Error('no offer');
  expect(bytes.length).toBeLessThanOrEqual(extra.length === 0 ? 548 : 1472);
  return new Set(decodedMessage(bytes).codes());
}

/** Settings, and what of them a guest of 548 octets cannot have when it asks for all. */
const SETTINGS: Readonly<Record<string, readonly [Flags, readonly number[]]>> = {
  'the defaults': [{}, []],
  'a few of everything': [{ domainSearch: 'a.net,b.net', routes: routes(3), ntp: servers(2) }, []],
  'twenty routes, sent twice': [{ routes: routes(20) }, []],
  'fifty routes, sent twice': [{ routes: routes(50) }, []],
  'twenty domains': [{ domainSearch: names(20, 30) }, [119]],
  'twenty NTP servers': [{ ntp: servers(20) }, []],
  'sixty NTP servers': [{ ntp: servers(60) }, [42]],
  'domains and routes': [{ domainSearch: names(10, 25), routes: routes(20) }, [119]],
};

describe.each(Object.entries(SETTINGS))('%s', (_, [flags, omitted]) => {
  test('what a guest of 548 octets cannot have of it is known beforehand', () => {
    expect(omittedOptions(planFor(flags))).toEqual(omitted);
  });

  test('RFC 2131 §4.3.1: a guest of 548 octets always gets its lease, mask, router, DNS and MTU, in whatever order it asks', () => {
    const plan = planFor(flags);
    const all = [...(plan.subnet.parameters.keys() ?? [])];

    for (const requestList of [all, [...all].reverse(), [119, 121, 249, 42, 58, 59, 1, 3, 6]]) {
      const codes = codesFor(plan, requestList);
      expect([...LEASE, ...NETWORK].filter((code) => !codes.has(code))).toEqual([]);
      expect(all.filter((code) => !omitted.includes(code) && code !== 249 && !codes.has(code))).toEqual(
        requestList === all ? [] : expect.any(Array),
      );
    }
  });
});

test('RFC 2132 §9.10: a guest that takes more gets what does not fit others', () => {
  const plan = planFor({ domainSearch: names(20, 30) });

  expect(codesFor(plan, [1, 3, 119]).has(119)).toBe(false);
  expect(codesFor(plan, [1, 3, 119], [[57, ...u16(1500)]]).has(119)).toBe(true);
});
