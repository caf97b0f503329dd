import { describe, expect, test } from 'vitest';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { hex, ip, type PacketOption } from '../support/packet.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const BENS = '10.15.3.41';
const FREE = '10.15.3.42';
const ADA = new Guest('52:54:00:00:00:01');
const BEN = new Guest('52:54:00:00:00:02');

const SERVERS = { absent: undefined, '0.0.0.0': '0.0.0.0', ours: SERVER, "another's": '10.15.3.90' };
const REQUESTED = { absent: undefined, mine: MINE, free: FREE };

type Row = readonly [server: keyof typeof SERVERS, requested: keyof typeof REQUESTED, cells: string];

/** The columns: ciaddr is 0, Ada's, or Ben's; each from 0.0.0.0, then from Ada's address. */
const COLUMNS = ['0.0.0.0', MINE, BENS].flatMap((ciaddr) =>
  ['0.0.0.0', MINE].map((source) => ({ ciaddr, source })),
);

/** What Ada gets, by column; `.40` is a DHCPACK of 10.15.3.40, `-` silence. */
const BOUND: readonly Row[] = [
  ['absent', 'absent', ' -   -   .40 .40 NAK NAK'],
  ['absent', 'mine', '   .40 .40 .40 .40 .40 NAK'],
  ['absent', 'free', '   NAK NAK .40 .40 NAK NAK'],
  ['0.0.0.0', 'absent', '-   -   .40 .40 NAK NAK'],
  ['0.0.0.0', 'mine', '  .40 .40 .40 .40 .40 NAK'],
  ['0.0.0.0', 'free', '  NAK NAK .40 .40 NAK NAK'],
  ['ours', 'absent', '   .40 .40 .40 .40 NAK NAK'],
  ['ours', 'mine', '     .40 .40 .40 .40 .40 .40'],
  ['ours', 'free', '     NAK NAK NAK .40 NAK NAK'],
  ["another's", 'absent', ' - - - - - -'],
  ["another's", 'mine', '   - - - - - -'],
  ["another's", 'free', '   - - - - - -'],
];

const OFFERED: readonly Row[] = [
  ['absent', 'absent', ' -   -   .40 .40 NAK NAK'],
  ['absent', 'mine', '   .40 .40 .40 .40 .40 NAK'],
  ['absent', 'free', '   -   -   -   .40 -   NAK'],
  ['0.0.0.0', 'absent', '-   -   .40 .40 NAK NAK'],
  ['0.0.0.0', 'mine', '  .40 .40 .40 .40 .40 NAK'],
  ['0.0.0.0', 'free', '  -   -   -   .40 -   NAK'],
  ['ours', 'absent', '   .40 .40 .40 .40 NAK NAK'],
  ['ours', 'mine', '     .40 .40 .40 .40 .40 .40'],
  ['ours', 'free', '     .42 .42 .42 .42 .42 .42'],
  ["another's", 'absent', ' - - - - - -'],
  ["another's", 'mine', '   - - - - - -'],
  ["another's", 'free', '   - - - - - -'],
];

function bound(): Conversation {
  const conversation = new Conversation();
  conversation.hear(BEN.select(BENS, SERVER));
  expect(conversation.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
  return conversation;
}

function offered(): Conversation {
  const conversation = new Conversation();
  conversation.hear(BEN.select(BENS, SERVER));
  expect(conversation.hear(ADA.discover([[50, ...ip(MINE)]])).outcome).toBe(`DHCPOFFER ${MINE}`);
  return conversation;
}

describe.each([
  { standing: 'leased to her', begin: bound, rows: BOUND },
  { standing: 'on offer to her', begin: offered, rows: OFFERED },
])('RFC 2131 §4.3.6: a DHCPREQUEST of Ada, when 10.15.3.40 is $standing', ({ begin, rows }) => {
  test.each<Row>(rows)('option 54 %s, option 50 %s', (server, requested, cells) => {
    const options: PacketOption[] = [];
    if (REQUESTED[requested] !== undefined) options.push([50, ...ip(REQUESTED[requested])]);
    if (SERVERS[server] !== undefined) options.push([54, ...ip(SERVERS[server])]);

    const answers = COLUMNS.map(({ ciaddr, source }) => {
      const message = ADA.message('DHCPREQUEST', { ciaddr }, options);
      return begin().meet(message, 'broadcast', source).outcome;
    });

    expect(answers.map((outcome) => SHORT[outcome] ?? outcome)).toEqual(cells.trim().split(/\s+/));
  });
});

const SHORT: Readonly<Record<string, string>> = {
  [`DHCPACK ${MINE}`]: '.40',
  [`DHCPACK ${FREE}`]: '.42',
  DHCPNAK: 'NAK',
  silence: '-',
};

/** RFC 2131 §2, figure 1, up to option 53: from 02:d7:00:00:00:01, with sname and file empty. */
const HEADER = `0101060011223344000000000000000000000000000000000000000002d700000001${'00'.repeat(10)}${'00'.repeat(192)}63825363350103`;

test.each([
  [
    'option 50 twice, as systemd-networkd with SendOption=50 sends it',
    '36040a0f030a32040a0f039632040a0f0319',
    150,
  ],
  ['option 54 of 0.0.0.0, as MirageOS sends it', '36040000000032040a0f0319', 25],
  ['option 54 of 255.255.255.255', '3604ffffffff32040a0f0319', 25],
  ["option 54 of the segment's broadcast address", '36040a0f03ff32040a0f0319', 25],
  ['option 53 twice', '36040a0f030a32040a0f0319350101', 25],
])('RFC 2131 §4.3.2: a SELECTING client is answered: %s', (_, options, last) => {
  const conversation = new Conversation();
  const guest = new Guest('02:d7:00:00:00:01');
  conversation.hear(guest.discover([[50, ...ip(`10.15.3.${last}`)]]));

  const answer = conversation.hear(hex(`${HEADER}${options}37020103ff`));

  expect([answer.outcome, answer.reason]).toEqual([`DHCPACK 10.15.3.${last}`, 'bound']);
});

test('RFC 2131 §3.1 (4): a client that names no server, and may have chosen another gateway, is not refused by this one', async () => {
  const both = new SharedSegment([SERVER, '10.15.3.11']);
  await both.broadcast(ADA.select(MINE, SERVER), SERVER);
  await both.broadcast(BEN.select(BENS, '10.15.3.11')); // The other gateway is heard.
  const before = both.replies().length;

  await both.broadcast(
    ADA.message('DHCPREQUEST', {}, [
      [50, ...ip(FREE)],
      [54, 0, 0, 0, 0],
    ]),
    SERVER,
  );

  expect(both.replies().slice(before)).toEqual([]);
});

test('RFC 2131 §4.3.2: a client that names no server moves to what it was offered when the pool has left its old address', () => {
  const conversation = bound();
  const { subnet } = conversation.plan;
  if (subnet === undefined) throw new Error('no subnet');
  const pools = subnet.pools.map((pool) => ({ ...pool, first: pool.last }));
  conversation.plan = { ...conversation.plan, subnet: { ...subnet, pools } };
  const { address } = conversation.hear(ADA.discover());
  expect(address).toBe('10.15.3.254');

  const ack = conversation.hear(ADA.reboot(address));

  expect([ack.outcome, ack.reason]).toEqual([`DHCPACK ${address}`, 'moved']);
  expect(conversation.at(MINE)?.state).toBe('free');
});

test('RFC 2131 §4.4.1, table 5: a DHCPDECLINE that names no server is ignored', () => {
  for (const named of [[], [[54, 0, 0, 0, 0]], [[54, ...ip('10.15.3.255')]]] as PacketOption[][]) {
    const conversation = bound();

    const answer = conversation.hear(ADA.message('DHCPDECLINE', {}, [[50, ...ip(MINE)], ...named]));

    expect([answer.outcome, answer.reason]).toEqual(['silence', 'no-server']);
    expect(conversation.at(MINE)?.state).toBe('bound');
  }
});

test('RFC 2131 §4.3.4: a DHCPRELEASE that names no server is of whoever has the lease here', () => {
  const conversation = bound();

  const answer = conversation.hearUnicast(ADA.release(MINE, '0.0.0.0'), MINE);

  expect(answer.reason).toBe('released');
});

test('RFC 2131 §4.1: a client that sends from 0.0.0.0 has its lost lease back only if ARP shows it at the address', () => {
  for (const [holder, outcome] of [
    [ADA.mac, `DHCPACK ${MINE}`],
    [BEN.mac, 'DHCPNAK'],
    [undefined, 'silence'],
  ] as const) {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    if (holder !== undefined) conversation.holders.set(MINE, holder);

    expect(conversation.meet(ADA.extend(MINE), 'broadcast', '0.0.0.0').outcome).toBe(outcome);
  }
});
