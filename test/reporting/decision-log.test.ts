import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/log/logger.ts';
import { DecisionLog } from '../../src/reporting/decision-log.ts';
import { decode } from '../../src/wire/decode.ts';
import { client } from '../store/changes.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { planOf, range, relays, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const GUEST = new Guest('52:54:00:00:00:01');

function logged(options: Parameters<typeof memoryBench>[0] = {}) {
  const bench = memoryBench(options);
  const log = new LogLines();
  const decisionLog = new DecisionLog(log, bench.store, () => bench.clock.monotonic());
  bench.record.decided = (...seen: Parameters<DecisionLog['decided']>) => decisionLog.decided(...seen);
  bench.record.broken = (error: unknown) => decisionLog.broken(error);
  return { bench, log, decisionLog };
}

function poolOfOne() {
  return logged({
    plan: { ...planOf(), subnet: segment({ pools: [range('10.15.3.20', '10.15.3.20')] }) },
  });
}

/** A log as the program makes it; its lines. */
function linesOf(way: 'written' | 'objects') {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line), flushSync: () => undefined };
  const log = createLogger({ logLevel: 'debug', logFormat: 'json' }, output, false, () => 0);
  if (way === 'objects') delete log.written;
  return { log, lines };
}

async function offered(bench: ReturnType<typeof memoryBench>, guest = GUEST): Promise<string> {
  await bench.hear(guest.discover());
  return bench.replies()[0]?.split(' ')[1] ?? '';
}

test('each decision is one line, with who, what, why and through whom', async () => {
  const { bench, log } = logged({ plan: { relays: relays('10.77.0.1') } });

  const address = await offered(bench);
  await bench.hear(new Guest('52:54:00:00:00:02', { relay: '10.77.0.1' }).discover());

  expect(log.lines).toEqual([
    {
      level: 'info',
      message: 'answered',
      fields: {
        message: 'DHCPDISCOVER',
        client: '01525400000001',
        hardware: '52:54:00:00:00:01',
        address,
        reason: 'offered',
        reply: 'DHCPOFFER',
        xid: '00001000',
      },
    },
    {
      level: 'info',
      message: 'not answered',
      fields: {
        message: 'DHCPDISCOVER',
        client: '01525400000002',
        hardware: '52:54:00:00:00:02',
        reason: 'no-subnet',
        xid: '00001000',
        relay: '10.77.0.1',
      },
    },
  ]);
});

test.each(['failed', 'unknown'] as const)(
  'what was not stored names no reply, for none leaves (%s)',
  async (fate) => {
    const { bench, log } = logged();
    const address = await offered(bench);
    bench.store.script({ fate });
    await bench.hear(GUEST.select(address, SERVER));

    const line = log.lines.findLast(({ fields }) => fields['message'] === 'DHCPREQUEST');
    expect(line).toMatchObject({ message: 'not stored', fields: { reason: 'bound', outcome: fate } });
    expect(line?.fields['reply']).toBeUndefined();
  },
);

test('a log that takes lines as they are gets the same fields', async () => {
  const subnet = segment({ pools: [range('10.15.3.20', '10.15.3.21')] });
  const plan = planOf({ subnet, relays: relays('10.77.0.1') });
  const { bench, log } = logged({ plan });
  const lines: object[] = [];
  const writing = Object.assign(new LogLines(), {
    written: (level: string, fields: string, message: string) =>
      lines.push({ level, message, fields: JSON.parse(`{${fields}}`) }),
  });
  const other = new DecisionLog(writing, bench.store, () => bench.clock.monotonic());
  const both = bench.record.decided;
  bench.record.decided = (...seen: Parameters<DecisionLog['decided']>) => {
    both(...seen);
    other.decided(...seen);
  };

  const address = await offered(bench);
  await bench.hear(GUEST.select(address, SERVER));
  await bench.hear(new Guest('52:54:00:00:00:02', { relay: '10.77.0.1' }).discover());
  bench.store.script({ fate: 'failed' });
  await bench.hear(GUEST.extend(address));
  await bench.hear(GUEST.bootp());
  await bench.hear(new Guest('52:54:00:00:00:03').reboot('192.168.0.1'));

  const kept = log.lines.filter(({ level }) => level === 'info');
  expect(lines).toHaveLength(6);
  expect(lines).toEqual(JSON.parse(JSON.stringify(kept)));
});

test('the lines are those of an object, to the letter, whatever a client says', async () => {
  const subnet = segment({ pools: [range('10.15.3.20', '10.15.3.22')] });
  const plan = planOf({ subnet, relays: relays('10.77.0.1') });
  const { bench } = logged({ plan });
  const [quick, plain] = [linesOf('written'), linesOf('objects')];
  const both = [quick, plain].map(({ log }) => new DecisionLog(log, bench.store, () => 0));
  bench.record.decided = (...seen: Parameters<DecisionLog['decided']>) => {
    for (const one of both) one.decided(...seen);
  };
  const wild = [...Buffer.from('"}\\\n\u0000{é\u2028\u{1f600}')];
  const guests = [
    new Guest('ff:fe:fd:fc:fb:fa', { identifier: [34, 92, 10, ...wild] }),
    new Guest('52:54:00:00:00:01', {
      options: [
        [12, ...wild],
        [60, ...wild],
        [81, ...wild],
      ],
    }),
    new Guest('52:54:00:00:00:02', { relay: '10.77.0.1', relayInformation: [1, wild.length, ...wild] }),
    new Guest('52:54:00:00:00:03', { identifier: [255, 1, 2] }),
    new Guest('52:54:00:00:00:04', { identifier: [255, 1, 2] }),
    new Guest('52:54:00:00:00:05', { identifier: [255, ...Array(254).fill(200)] }),
  ];

  for (const guest of guests) {
    guest.xid = 0xfedcba98;
    const address = await offered(bench, guest);
    await bench.hear(guest.select(address, SERVER));
    await bench.hear(guest.select('255.255.255.255', '1.2.3.4'));
    await bench.hear(guest.inform('10.15.3.99'));
    await bench.hear(guest.bootp());
  }
  bench.store.script({ fate: 'failed' });
  await bench.hear(GUEST.reboot('10.15.3.20'));

  expect(quick.lines.length).toBeGreaterThan(25);
  expect(quick.lines).toEqual(plain.lines);
  for (const line of quick.lines)
    expect(JSON.parse(line)).toMatchObject({ time: '1970-01-01T00:00:00.000Z' });
});

test('a wait and a conflict are lines for those who look closely', async () => {
  const { bench, log } = logged({ plan: { probeMilliseconds: 300 } });
  await bench.hear(GUEST.discover());

  expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(['debug waiting']);
});

describe('what lasts is said at its begin and at its end', () => {
  test('leases that cannot be stored', async () => {
    const { bench, log, decisionLog } = logged();
    const address = await offered(bench);
    bench.store.setFailure('SQLITE_FULL: database or disk is full');
    bench.store.script({ fate: 'failed' });
    await bench.hear(GUEST.select(address, SERVER));
    decisionLog.check();
    decisionLog.check();

    bench.store.setFailure(undefined);
    for (let second = 0; second < 20; second += 1) {
      decisionLog.check();
      await bench.clock.pass(1000);
    }

    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([
      'leases cannot be stored, so none is promised',
      'leases are stored again',
    ]);
    expect(warnings[0]?.fields).toEqual({ cause: 'SQLITE_FULL: database or disk is full' });
  });

  test('failures that come and go, as one', async () => {
    const { bench, log, decisionLog } = logged();
    const address = await offered(bench);
    for (let time = 0; time < 30; time += 1) {
      bench.store.script({ fate: 'unknown' });
      await bench.hear(GUEST.select(address, SERVER));
      await bench.hear(GUEST.select(address, SERVER));
      decisionLog.check();
      await bench.clock.pass(1000);
    }
    expect(log.at('warn')).toEqual(['leases cannot be stored, so none is promised']);

    await bench.clock.pass(10_000);
    decisionLog.check();
    decisionLog.check();

    expect(log.at('warn')).toEqual([
      'leases cannot be stored, so none is promised',
      'leases are stored again',
    ]);
  });

  test('a pool that is full, and has room again when nobody was refused for a minute', async () => {
    const { bench, log, decisionLog } = poolOfOne();
    const address = await offered(bench);
    await bench.hear(GUEST.select(address, SERVER));
    const late = new Guest('52:54:00:00:00:02');

    for (let time = 0; time < 3; time += 1) await bench.hear(late.discover());
    const before = log.at('warn');
    await bench.hearUnicast(GUEST.release(address, SERVER), address);
    await bench.hear(late.discover());
    const atOnce = log.at('warn').slice(1);
    await bench.clock.pass(60_000);
    decisionLog.check();
    decisionLog.check();

    expect(before).toEqual(['the pool is full: new clients get no address']);
    expect(atOnce).toEqual([]);
    expect(log.at('warn').slice(1)).toEqual(['the pool has room again']);
  });

  test('a pool that is full and has room by turns, once a minute at most', async () => {
    const { bench, log, decisionLog } = poolOfOne();
    const [one, other] = [GUEST, new Guest('52:54:00:00:00:02')];
    for (let second = 0; second < 300; second += 1) {
      const address = await offered(bench, one);
      await bench.hear(one.select(address, SERVER));
      await bench.hear(other.discover());
      await bench.hearUnicast(one.release(address, SERVER), address);
      await bench.clock.pass(1000);
      decisionLog.check();
    }

    expect(log.at('warn')).toEqual(['the pool is full: new clients get no address']);
  });

  test('a full pool is told with what its addresses are used for, and what to type next', () => {
    const { log, bench } = logged();
    const use = {
      ...{ ranges: [], size: 9, hasRoom: false },
      ...{ leased: 4, reserved: 3, declined: 2, left: 0, peers: 0, offered: 0 },
    };
    const decisionLog = new DecisionLog(
      log,
      bench.store,
      () => 0,
      () => undefined,
      () => use,
    );
    const bytes = GUEST.discover();
    const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
    if (!message.ok) throw new Error('not a message');

    decisionLog.decided(message, client(1), { kind: 'silence', reason: 'pool-full' }, 'nothing');

    const [line] = log.lines.filter(({ level }) => level === 'warn');
    expect(line?.fields).toMatchObject({ free: 0, leased: 4, reserved: 3, quarantined: 2 });
    expect(line?.fields['remedy']).toContain('`vps-gateway reservations list --state reserved-idle');
  });

  test('a full pool is told once, however many relays its clients come through', () => {
    const { log, decisionLog } = logged();
    for (let number = 0; number < 200; number += 1) {
      const bytes = new Guest(GUEST.mac, { relay: `10.15.3.${number + 1}` }).discover();
      const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
      if (!message.ok) throw new Error('not a message');
      decisionLog.decided(message, client(1), { kind: 'silence', reason: 'pool-full' }, 'nothing');
    }

    expect(log.at('warn')).toHaveLength(1);
  });
});

describe("machines that get in each other's way are named, with what to do about it", () => {
  const probing = { plan: { probeMilliseconds: 300 } };

  function warnings(log: LogLines) {
    return log.lines.filter(({ level }) => level === 'warn');
  }

  test('an address in use by another machine, once in ten minutes', async () => {
    const { bench, log } = logged(probing);
    await bench.hear(GUEST.discover());
    const address = bench.questions[0]?.address;
    bench.questions[0]?.answer('52:54:00:00:00:99');
    await bench.clock.pass(0);

    expect(warnings(log)).toEqual([
      {
        level: 'warn',
        message: 'an address of the pool is in use by a machine that it was not leased to',
        fields: {
          reason: 'address-in-use',
          client: '01525400000001',
          hardware: '52:54:00:00:00:01',
          other: '52:54:00:00:00:99',
          address,
          remedy: expect.stringContaining('outside the pool'),
        },
      },
    ]);
  });

  test('an address that was declined', async () => {
    const { bench, log } = logged();
    const address = await offered(bench);
    await bench.hear(GUEST.decline(address, SERVER));

    expect(warnings(log)).toMatchObject([{ fields: { reason: 'declined', address } }]);
  });

  test('a client that declines too much, again after ten minutes', async () => {
    const { bench, log } = logged();
    const address = await offered(bench);
    bench.serverState.declinesOf = () => 3;
    const said = [];

    for (const pause of [0, 10_000, 10_000, 580_000]) {
      await bench.clock.pass(pause);
      await bench.hear(GUEST.discover());
      await bench.hear(GUEST.decline(address, SERVER));
      said.push(warnings(log).length);
    }

    expect(said).toEqual([1, 1, 1, 2]);
    expect(warnings(log)[0]?.fields).toMatchObject({ reason: 'too-many-declines' });
  });

  test('two machines with one identifier, each pair once', async () => {
    const { bench, log } = logged();
    const clones = [1, 2, 3].map(
      (number) => new Guest(`52:54:00:00:00:0${number}`, { identifier: [255, 1, 2] }),
    );

    for (const clone of [...clones, ...clones]) await bench.hear(clone.discover());

    expect(warnings(log).map(({ fields }) => [fields['hardware'], fields['other']])).toEqual([
      ['52:54:00:00:00:02', '52:54:00:00:00:01'],
      ['52:54:00:00:00:03', '52:54:00:00:00:01'],
    ]);
  });

  test('two machines with one MAC and two host names, once', async () => {
    const { bench, log } = logged();
    const named = (name: string) => new Guest('52:54:00:00:00:01', { options: [[12, ...Buffer.from(name)]] });

    for (let round = 0; round < 5; round += 1) {
      await bench.hear(named('web').select('10.15.3.40', SERVER));
      await bench.hear(named('db').select('10.15.3.40', SERVER));
    }

    expect(warnings(log).map(({ fields }) => fields['names'])).toEqual([['db', 'web']]);
  });

  test('a card with too many client identifiers is warned of once in ten minutes', async () => {
    const { bench, log } = logged({ plan: { leasesPerMac: 1 } });
    const guest = (number: number) => new Guest('52:54:00:00:00:01', { identifier: [255, 1, number] });
    await bench.hear(guest(1).select('10.15.3.40', SERVER));

    for (let number = 2; number < 50; number += 1) await bench.hear(guest(number).discover());

    expect(warnings(log).map(({ fields }) => fields['reason'])).toEqual(['too-many-identifiers']);
  });
});

test('a mistake of ours is an error with its stack', async () => {
  const { bench, log } = logged({
    decide: () => {
      throw new Error('a mistake');
    },
  });

  await bench.hear(GUEST.discover());

  expect(log.at('error')).toEqual(['a message was lost by a mistake of this program']);
});
