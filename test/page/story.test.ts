import { expect, test } from 'vitest';

interface Told {
  readonly storyOf: (
    history: readonly object[],
    decisions: readonly object[],
    words: object,
    now: number,
  ) => readonly { readonly title: string }[];
}

const AT = Date.parse('2026-11-29T05:34:27.300Z');
const MAC = 'bc:24:11:0d:ee:07';
const NEW = '10.15.3.114';
const OLD = '10.15.3.20';
const WORDS = {
  offered: { kind: 'reply', means: '' },
  'awaiting-answers': { kind: 'wait', means: '' },
  bound: { kind: 'reply', means: '' },
  moved: { kind: 'reply', means: '' },
};

const decision = (at: number, type: string, reason: string, outcome: string, address = NEW) => ({
  ...{ key: `${at} ${reason}`, at, address, mac: MAC, type, reason, outcome, node: 'pve1', took: null },
});
const row = (id: number, event: string, reason: string, address = NEW) => ({
  ...{ id, at: '2026-11-29T05:34:27Z', address, event, mac: MAC, reason, node: 'pve1' },
  ...{ hostname: null, author: null, note: null, expires: null, vps_id: null },
});

async function titles(history: readonly object[], decisions: readonly object[]): Promise<readonly string[]> {
  const { href } = new URL('../../src/page/live/story.js', import.meta.url);
  const { storyOf } = (await import(/* @vite-ignore */ href)) as Told;
  return storyOf(history, decisions, WORDS, AT + 5000).map(({ title }) => title);
}

test('what was decided within one millisecond stands in the order in which it was decided', async () => {
  const newestFirst = [
    decision(AT, 'DHCPREQUEST', 'bound', 'granted'),
    decision(AT, 'DHCPREQUEST', 'awaiting-answers', 'waiting'),
    decision(AT, 'DHCPDISCOVER', 'offered', 'offered'),
  ];

  expect(await titles([row(1, 'bound', 'bound')], newestFirst)).toEqual([
    `pve1: OFFER to DISCOVER ${NEW}`,
    `pve1: Waiting to REQUEST ${NEW}`,
    `pve1: ACK to REQUEST ${NEW}`,
  ]);
});

test('a guest that moves gets its new address first, and then its old one ends, in whichever order they are stored', async () => {
  const seen = [decision(AT, 'DHCPREQUEST', 'moved', 'granted')];
  const rows = [row(2, 'moved', 'moved', OLD), row(1, 'bound', 'moved')];
  const told = [`pve1: ACK to REQUEST ${NEW}`, `pve1: ended ${OLD}`];

  expect(await titles(rows, seen)).toEqual(told);
  expect(await titles([row(2, 'bound', 'moved'), row(1, 'moved', 'moved', OLD)], seen)).toEqual(told);
  expect(await titles(rows, [])).toEqual([`pve1: ACK ${NEW}`, `pve1: ended ${OLD}`]);
});

test('two leases of one address within two seconds keep the times at which they were seen', async () => {
  const seen = [
    decision(AT + 600, 'DHCPREQUEST', 'bound', 'granted'),
    decision(AT + 300, 'DHCPDISCOVER', 'offered', 'offered'),
    decision(AT, 'DHCPREQUEST', 'bound', 'granted'),
  ];

  expect(await titles([row(2, 'bound', 'bound'), row(1, 'bound', 'bound')], seen)).toEqual([
    `pve1: ACK to REQUEST ${NEW}`,
    `pve1: OFFER to DISCOVER ${NEW}`,
    `pve1: ACK to REQUEST ${NEW}`,
  ]);
});
