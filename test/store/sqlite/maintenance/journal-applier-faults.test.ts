import { copyFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Lease } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { SyncedFile } from '../../../../src/store/sqlite/journal/synced-file.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { Writer } from '../../../../src/store/sqlite/tables/writer.ts';
import { SeededRandom } from '../../../support/random.ts';
import { address, at, changeOf, type Wish } from '../../changes.ts';
import { fileIn, imageOf, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const FIRST = address('10.15.3.20');
const ADDRESSES = 120;
const STEPS = 70;
const SEED = 1;
const PAGE = 4096;

/** How much comes at a time, and what becomes of it. */
interface Style {
  /** Of each half of the journal. */
  readonly pages: number;
  readonly fewestAtOnce: number;
  readonly mostAtOnce: number;
  /** Commits with nothing between them. */
  readonly mostInARow: number;
  /** Steps that the applier gets then. */
  readonly mostQuiet: number;
}

const STYLES: readonly [string, Style][] = [
  ['single leases', { pages: 1, fewestAtOnce: 1, mostAtOnce: 2, mostInARow: 12, mostQuiet: 3 }],
  ['some leases', { pages: 2, fewestAtOnce: 1, mostAtOnce: 8, mostInARow: 4, mostQuiet: 12 }],
  // Two seldom fit into a half, which is written over as soon as it may be.
  ['large commits', { pages: 1, fewestAtOnce: 22, mostAtOnce: 28, mostInARow: 12, mostQuiet: 3 }],
  // More than one step takes: crashes come in the middle of a load.
  ['large loads', { pages: 8, fewestAtOnce: 22, mostAtOnce: 28, mostInARow: 12, mostQuiet: 2 }],
];

/** How often each fails: so many times in a hundred. */
const SOUND = { read: 0, write: 0, put: 0, commit: 0, sync: 0 };

/** Fails now and then, and keeps what a loss of power would leave of the lease file. */
class Disk {
  /** The lease file as its last sync has left it. */
  synced: Uint8Array = new Uint8Array();
  readonly #random: SeededRandom;
  readonly #syncs: () => Uint8Array;
  #percent = SOUND;

  constructor(random: SeededRandom, syncs: () => Uint8Array) {
    this.#random = random;
    this.#syncs = syncs;
    this.#standBeforeJournal();
    this.#standBeforeLeaseFile();
  }

  becomeFaulty(): void {
    const below = (limit: number) => this.#random.below(limit);
    this.#percent = { read: below(20), write: below(4), put: below(4), commit: below(10), sync: below(30) };
  }

  becomeSound(): void {
    this.#percent = SOUND;
  }

  #isBad(what: keyof typeof SOUND): boolean {
    return this.#random.chance(this.#percent[what]);
  }

  #mayFail(what: keyof typeof SOUND): void {
    if (this.#isBad(what)) throw Object.assign(new Error(`no ${what}`), { code: 'EIO' });
  }

  #standBeforeJournal(): void {
    const disk = this;
    const { read, write } = SyncedFile.prototype;
    vi.spyOn(SyncedFile.prototype, 'read').mockImplementation(function (this: SyncedFile, ...place) {
      disk.#mayFail('read');
      return read.apply(this, place);
    });
    vi.spyOn(SyncedFile.prototype, 'write').mockImplementation(function (this: SyncedFile, bytes, position) {
      if (!disk.#isBad('write')) return write.call(this, bytes, position);
      write.call(this, bytes.subarray(0, disk.#random.below(bytes.length)), position);
      throw Object.assign(new Error('no whole write'), { code: 'EIO' });
    });
  }

  #standBeforeLeaseFile(): void {
    const disk = this;
    const { put, commit, sync } = Writer.prototype;
    vi.spyOn(Writer.prototype, 'put').mockImplementation(function (this: Writer, ...row) {
      disk.#mayFail('put');
      put.apply(this, row);
    });
    vi.spyOn(Writer.prototype, 'commit').mockImplementation(function (this: Writer) {
      disk.#mayFail('commit');
      commit.call(this);
    });
    vi.spyOn(Writer.prototype, 'sync').mockImplementation(function (this: Writer) {
      disk.#mayFail('sync');
      sync.call(this);
      disk.synced = disk.#syncs();
    });
  }
}

interface Kind {
  readonly isFaulty: boolean;
  readonly losesPower: boolean;
}

/** A store from start to start, until its end. What it has promised is kept for comparison. */
class Life {
  /** Each commit that was promised. */
  readonly promised: (readonly Wish[])[] = [];
  readonly #random: SeededRandom;
  readonly #kind: Kind;
  readonly #style: Style;
  readonly #disk: Disk;
  #directory = temporaryDirectory();
  #store: SqliteStore;
  #second = 0;

  constructor(kind: Kind, style: Style) {
    this.#random = new SeededRandom(SEED);
    this.#kind = kind;
    this.#style = style;
    this.#disk = new Disk(this.#random, () =>
      kind.losesPower ? contentOf(this.#directory) : new Uint8Array(),
    );
    this.#store = this.#start();
  }

  async step(): Promise<void> {
    const which = this.#random.below(100);
    if (which < 50) await this.#commitSome();
    else if (which < 92) this.#idle();
    else if (which < 96) await this.#crash();
    else this.#second += this.#random.below(3);
  }

  /** Everything is in the lease file then; returns where that is. */
  async end(): Promise<string> {
    this.#disk.becomeSound();
    await this.#store.close();
    return this.#directory;
  }

  /** Nothing is applied meanwhile, unless the journal has no room. */
  async #commitSome(): Promise<void> {
    for (let times = 1 + this.#random.below(this.#style.mostInARow); times > 0; times -= 1)
      await this.#commit();
  }

  async #commit(): Promise<void> {
    const wishes = this.#wishes();
    const outcomes = await this.#store.commit(wishes.map((wish) => changeOf(this.#store.leases, wish)));
    const isPromised = outcomes[0] === 'committed';
    expect(new Set(outcomes)).toEqual(new Set([isPromised ? 'committed' : 'failed']));
    if (!this.#kind.isFaulty) expect(isPromised).toBe(true);
    if (isPromised) this.promised.push(wishes);
    else this.#second += 1.1; // It may try again then.
  }

  #idle(): void {
    this.#second += this.#random.pick([0, 0.1, 1.1, 11]);
    for (let times = 1 + this.#random.below(this.#style.mostQuiet); times > 0; times -= 1)
      this.#store.idle(at(this.#second));
    if (!this.#kind.isFaulty) expect(this.#store.trouble).toBeUndefined();
  }

  async #crash(): Promise<void> {
    const before = leasesOf(this.#store);
    const left = this.#kind.losesPower ? this.#imageWithoutPower() : imageOf(this.#directory);
    this.#disk.becomeSound();
    await this.#store.close();
    this.#directory = left;
    this.#store = this.#start();
    expect(leasesOf(this.#store)).toEqual(before);
  }

  #imageWithoutPower(): string {
    const image = temporaryDirectory();
    writeFileSync(fileIn(image), this.#disk.synced);
    copyFileSync(journalIn(this.#directory), journalIn(image));
    return image;
  }

  #start(): SqliteStore {
    const journalBytes = PAGE + 2 * PAGE * this.#style.pages;
    const store = openIn(this.#directory, { journalBytes, now: at(this.#second) });
    // What was not promised may be left unfinished; nothing else is missing.
    const { journalDamage } = store.opening;
    if (this.#kind.isFaulty) expect(journalDamage?.losses ?? []).toEqual([]);
    else expect(journalDamage).toBeUndefined();
    if (this.#kind.isFaulty) this.#disk.becomeFaulty();
    return store;
  }

  /** For different addresses, each of which has two clients of its own. */
  #wishes(): Wish[] {
    const { fewestAtOnce, mostAtOnce } = this.#style;
    const count = fewestAtOnce + this.#random.below(mostAtOnce - fewestAtOnce + 1);
    const numbers = new Set(Array.from({ length: count }, () => this.#random.below(ADDRESSES)));
    return [...numbers].map((number) => this.#wishFor(number));
  }

  #wishFor(number: number): Wish {
    const isFreed = this.#random.chance(20);
    const hasName = this.#random.chance(30);
    return {
      client: this.#random.chance(15) ? number + ADDRESSES : number,
      address: (FIRST + number) as Ipv4,
      at: at(this.#second),
      expiresAt: at(this.#second + this.#random.pick([5, 1000])),
      ...(isFreed ? { state: 'free', reason: 'released' } : {}),
      ...(hasName ? { hostname: 'h'.repeat(1 + this.#random.below(60)) } : {}),
    };
  }
}

function leasesOf(store: SqliteStore): (Lease | undefined)[] {
  return Array.from({ length: ADDRESSES }, (_, number) => store.leases.at((FIRST + number) as Ipv4));
}

/** The lease file with what is in its log. */
function contentOf(directory: string): Uint8Array {
  const file = openSqlite(fileIn(directory), { readonly: true });
  const content = file.serialize();
  file.close();
  return content;
}

function rowsIn(directory: string) {
  const file = openSqlite(fileIn(directory), { readonly: true });
  const leases = file.prepare('SELECT * FROM lease ORDER BY address').raw().all();
  const history = file.prepare('SELECT * FROM history ORDER BY id').raw().all() as HistoryRow[];
  file.close();
  return { leases, history: folded(history) };
}

type HistoryRow = readonly [
  id: number,
  at: number,
  address: number,
  client: string,
  mac: number,
  event: string,
];

/** Without the returns within a minute, which a process that was killed in between does not know for such; and no ids. */
function folded(rows: readonly HistoryRow[]): unknown[] {
  const kept = new Set(rows);
  const released = new Map<number, HistoryRow>();
  for (const row of rows) {
    const [, second, number, who, , event] = row;
    const before = released.get(number);
    released.delete(number);
    if (event === 'released') released.set(number, row);
    if (event !== 'bound' || before === undefined || before[3] !== who || second - before[1] >= 60_000)
      continue;
    kept.delete(before);
    kept.delete(row);
  }
  return [...kept].map(([_id, ...columns]) => columns);
}

/** The rows when each commit goes into the lease file at once. */
async function rowsOf(commits: Life['promised']): Promise<ReturnType<typeof rowsIn>> {
  const directory = temporaryDirectory();
  const store = openIn(directory);
  for (const wishes of commits) {
    await store.commit(wishes.map((wish) => changeOf(store.leases, wish)));
    store.flush();
  }
  await store.close();
  return rowsIn(directory);
}

describe('what was promised is there after each crash, and in the lease file at last, as if nothing had happened', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  describe.each([
    ['when the process is killed', { isFaulty: false, losesPower: false }],
    ['when the power is cut', { isFaulty: false, losesPower: true }],
    ['when the disk fails, and the process is killed', { isFaulty: true, losesPower: false }],
    ['when the disk fails, and the power is cut', { isFaulty: true, losesPower: true }],
  ])('%s', (_, kind) => {
    it.each(STYLES)(
      '%s',
      async (_name, style) => {
        const life = new Life(kind, style);
        for (let step = 0; step < STEPS; step += 1) await life.step();
        const directory = await life.end();
        vi.restoreAllMocks();

        expect(rowsIn(directory)).toEqual(await rowsOf(life.promised));
      },
      30_000,
    );
  });
});
