import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OutsideId } from '../../../../src/lease/outside-id.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { InlineMirrorThread } from '../../../support/mirror-thread.ts';
import { reservationOf } from '../../../support/reservations.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../../support/shared-store.ts';
import { address, at, bind, client, hardware, reserve } from '../../changes.ts';
import { fileIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const HUNG = /hung, and answers again/;

async function mirrorIn(directory = temporaryDirectory()) {
  const clock = new FakeClock(at(0));
  const thread = new InlineMirrorThread(clock);
  const mirror = await thread.open({ directory, now: clock.now(), seed: 0, node: 'pve1' });
  return { clock, thread, mirror, directory };
}

/** A gateway whose mirror is another thread's. */
async function gateway(directory?: string) {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const opened = await mirrorIn(directory);
  const { clock, mirror } = opened;
  const store = await openSharedStore({ etcd: cluster.connect(), clock, mirror });
  return { ...opened, cluster, store };
}

/** What people read in a file, whether its gateway runs or not. */
function read(directory: string, sql: string): unknown[] {
  const database = openSqlite(fileIn(directory), { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

const ADDRESSES = 'SELECT address FROM leases';

function kept(number: number, place = A) {
  return {
    address: place,
    client: client(number),
    hardware: hardware(number),
    granter: address('10.15.3.10'),
    state: 'bound' as const,
    expiresAt: at(1000),
    updatedAt: at(0),
    leaseSeconds: 1000,
    version: number + 1,
    hostname: undefined,
    node: 'pve1',
  };
}

describe('a mirror that another thread writes', () => {
  test('writes reservations too, and has them again at the next start', async () => {
    const { store, clock, directory } = await gateway();
    await reserve(store, reservationOf('web', '10.15.3.20'));
    await reserve(store, reservationOf('web', '10.15.3.21'));
    for (let turn = 0; turn < 10; turn += 1) await clock.pass(100);

    expect(read(directory, 'SELECT address FROM reservations')).toEqual(['10.15.3.21']);
    const closing = store.close();
    for (let turn = 0; turn < 10; turn += 1) await clock.pass(100);
    await closing;
    const again = await mirrorIn(directory);
    expect(again.mirror.reservations().map(({ id, version }) => [id, version])).toEqual([
      ['web', store.reservations.get('web' as OutsideId)?.version],
    ]);
  });

  test('has the same rows, history, position and notes in its file as one that is written here', async () => {
    const { clock, store, directory, mirror } = await gateway();
    const note = { boot: 'b', monotonic: 1, wall: at(0), revision: 1, jump: undefined };

    await bind(store, { client: 1, address: A, hostname: 'web' });
    mirror.noteClock({ ...note, orders: [{ at: at(0), reason: 'clock-trusted by ann' }] });
    mirror.noteClock(note);
    mirror.noteRevisionTimes([{ revision: 1, at: at(0) }]);
    await clock.pass(2500);

    expect(read(directory, 'SELECT hostname FROM leases')).toEqual(['web']);
    expect(read(directory, 'SELECT event FROM lease_history')).toEqual(['clock-trusted', 'bound']);
    expect(read(directory, 'SELECT quorum FROM mirror_state')).toEqual(['yes']);
    expect(read(directory, "SELECT value FROM meta WHERE key = 'known'")).toEqual([`[[1,${at(0)}]]`]);
    await store.close();
    const again = await mirrorIn(directory);
    expect(again.mirror.clockNote).toEqual(note);
    expect(again.mirror.revisionTimes).toEqual([{ revision: 1, at: at(0) }]);
    expect(again.mirror.position).toMatchObject({ segment: SEGMENT, generation: 'first generation' });
    await again.mirror.close();
  });

  test('knows in memory what its file has, the host name of a client that says none this time too', async () => {
    const { directory, mirror } = await mirrorIn();
    mirror.put({ before: undefined, after: { ...kept(1), hostname: 'web' }, reason: 'bound' });
    mirror.put({ before: undefined, after: kept(2, B), reason: 'bound' });
    mirror.put({ before: kept(1), after: { ...kept(1), version: 9 }, reason: 'renewed' });
    mirror.put({ before: undefined, after: { ...kept(3), state: 'offered' }, reason: '' });
    const known = mirror.leases();

    await mirror.close();
    const again = await mirrorIn(directory);

    expect(known.map(({ hostname, version }) => [hostname, version])).toEqual([
      ['web', 9],
      [undefined, 3],
    ]);
    expect(again.mirror.leases()).toEqual(known);
    await again.mirror.close();
  });

  test('refuses a directory that another process has as one that is written here does', async () => {
    const directory = temporaryDirectory();
    openIn(directory);

    await expect(mirrorIn(directory)).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining('in use by'),
    });
  });

  test('says what is wrong with its file', async () => {
    const { clock, store, directory, mirror } = await gateway();
    openSqlite(fileIn(directory)).exec('DROP TABLE history').close();

    await bind(store, { client: 1, address: A });
    await clock.pass(2000);

    expect(mirror.trouble).toContain('history');
    await store.close();
  });

  test('says so if what writes it has failed, and goes on without', async () => {
    const { clock, store, thread } = await gateway();

    thread.fail('a mistake');
    await clock.pass(1000);

    expect(store.trouble).toContain('restart this gateway');
    expect(thread.said.join()).toContain('the lease file is not written any more');
    expect(await bind(store, { client: 1, address: A })).toBe('committed');
    await store.close();
  });
});

describe('a mirror whose lost file cannot be read', () => {
  test('is written anew from memory, with its position, and no row of the history tells of that', async () => {
    const { clock, store, directory, thread } = await gateway();
    await bind(store, { client: 1, address: A, hostname: 'web' });
    await bind(store, { client: 2, address: B });
    await clock.pass(2500);

    destroy(directory);
    await clock.pass(5000);

    expect(store.trouble).toBeUndefined();
    expect(thread.said.join()).toContain('the lost lease file of the mirror cannot be read');
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20', '10.15.3.21']);
    expect(read(directory, 'SELECT hostname FROM leases')).toEqual(['web', null]);
    expect(read(directory, 'SELECT event FROM lease_history')).toEqual([]);
    expect(read(directory, 'SELECT quorum FROM mirror_state')).toEqual(['yes']);
    await store.close();
  });

  test('says of no revision that it has all before all are written, also when it is lost again meanwhile', async () => {
    const { clock, store, directory, thread } = await gateway();
    await bind(store, { client: 1, address: A });
    await clock.pass(2500);

    destroy(directory);
    await clock.pass(1000);
    thread.hang(true);
    await clock.pass(1500);
    expect(read(directory, 'SELECT count(*) FROM mirror_state')).toEqual([0]);
    renameSync(directory, `${directory}.old`);
    await clock.pass(2500);

    expect(read(directory, ADDRESSES)).toEqual([]);
    expect(read(directory, 'SELECT count(*) FROM mirror_state')).toEqual([0]);
    thread.hang(false);
    await clock.pass(3000);
    expect(store.trouble).toBeUndefined();
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20']);
    expect(read(directory, 'SELECT quorum FROM mirror_state')).toEqual(['yes']);
    await store.close();
  });

  test('has all when it is lost a second time so that it cannot be read', async () => {
    const { clock, store, directory } = await gateway();
    await bind(store, { client: 1, address: A });
    await clock.pass(2500);

    destroy(directory);
    await clock.pass(5000);
    destroy(directory);
    await clock.pass(5000);

    expect(store.trouble).toBeUndefined();
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20']);
    await store.close();
  });
});

/** What is open is overwritten where it stands, and its names are gone. */
function destroy(directory: string): void {
  for (const name of ['', '-wal', '-shm'].map((suffix) => fileIn(directory) + suffix)) {
    writeFileSync(name, Buffer.alloc(statSync(name).size, 0xff), { flag: 'r+' });
    rmSync(name);
  }
}

describe('a mirror whose disk hangs', () => {
  test('stops no lease, says for how long it hangs, and one line with its length when it is over', async () => {
    const { clock, store, thread, directory } = await gateway();
    await bind(store, { client: 1, address: A });
    await clock.pass(1000);

    thread.hang(true);
    await clock.pass(9000);
    const outcome = await bind(store, { client: 2, address: B, at: clock.now() });
    const trouble = store.trouble;
    const saidMeanwhile = thread.said.length;
    thread.hang(false);
    await clock.pass(1500);

    expect(outcome).toBe('committed');
    expect(trouble).toBe('its disk has not answered for 8 s');
    expect(saidMeanwhile).toBe(0);
    expect(store.trouble).toBeUndefined();
    expect(thread.said.filter((line) => HUNG.test(line))).toEqual([
      expect.stringMatching(/"seconds":8\.\d|9/),
    ]);
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20', '10.15.3.21']);
    await store.close();
  });

  test('is worth no line if it hung for less than five seconds', async () => {
    const { clock, store, thread } = await gateway();
    await clock.pass(1000);

    thread.hang(true);
    await clock.pass(4000);
    thread.hang(false);
    await clock.pass(1000);

    expect(thread.said).toEqual([]);
    await store.close();
  });

  test('is not blamed for the time in which the whole process stood still', async () => {
    const { clock, store, thread, mirror } = await gateway();
    await clock.pass(1000);

    thread.hang(true); // As it stands still too.
    await clock.pass(300);
    clock.stall(60_000);
    thread.hang(false);
    await clock.pass(1000);

    expect(mirror.trouble).toBeUndefined();
    expect(thread.said).toEqual([]);
    await store.close();
  });

  test('takes a bounded room: one message is under way, and of what waits the newest of each address', async () => {
    const { clock, mirror, thread, directory } = await mirrorIn();
    await clock.pass(1000);

    thread.hang(true);
    await clock.pass(1000);
    for (let number = 0; number < 150_000; number += 1) {
      mirror.put({ before: undefined, after: kept(number, number % 2 === 0 ? A : B), reason: 'bound' });
    }
    await clock.pass(60_000);
    const waiting = thread.waiting;
    thread.hang(false);
    await clock.pass(60_000);

    expect(waiting).toBe(1);
    expect(read(directory, 'SELECT max(version) FROM lease')).toEqual([150_000]);
    expect(thread.said.join()).toMatch(/rows of the history are lost.*"rows":\d{5}/);
    expect(read(directory, 'SELECT count(*) FROM history')).toEqual([expect.any(Number)]);
    await mirror.close();
  });

  test('is not waited for at the end longer than it may hang', async () => {
    const { clock, store, thread } = await gateway();
    await clock.pass(1000);
    thread.hang(true);
    await clock.pass(2000);

    let isClosed = false;
    const closed = store.close().then(() => (isClosed = true));
    await clock.pass(2000);
    const early = isClosed;
    await clock.pass(2000);
    await closed;

    expect(early).toBe(false);
    expect(thread.said.join()).toContain('could not be closed');
    thread.hang(false);
    await settle();
  });
});

describe('a reader that wants all that was put', () => {
  test('has it in the file as soon as the other thread has written it, and not a second later', async () => {
    const { clock, mirror, directory } = await mirrorIn();
    mirror.put({ before: undefined, after: kept(1), reason: 'bound' });

    const carried = mirror.carry(1000);
    await clock.pass(0);

    expect(await carried).toBe(true);
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20']);
  });

  test('is told so when the other thread hangs, in the time that it has', async () => {
    const { clock, thread, mirror } = await mirrorIn();
    thread.hang(true);
    mirror.put({ before: undefined, after: kept(1), reason: 'bound' });

    const carried = mirror.carry(1000);
    await clock.pass(1000);

    expect(await carried).toBe(false);
  });

  test('gets what came while an earlier message was under way too', async () => {
    const { clock, mirror, directory } = await mirrorIn();
    mirror.put({ before: undefined, after: kept(1), reason: 'bound' });
    const first = mirror.carry(1000);
    mirror.put({ before: undefined, after: kept(2, B), reason: 'bound' });
    const second = mirror.carry(1000);
    await clock.pass(10);

    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(read(directory, ADDRESSES)).toEqual(['10.15.3.20', '10.15.3.21']);
  });
});
