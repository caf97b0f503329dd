import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { ClientKey } from '../../../../src/lease/client-key.ts';
import type { LeaseChange } from '../../../../src/lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import { openMirror } from '../../../../src/store/sqlite/open-mirror.ts';
import { setAside } from '../../../../src/store/sqlite/salvage/set-aside.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { Writer } from '../../../../src/store/sqlite/tables/writer.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind, changeOf, client, hardware } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
/** Two halves of 8 KiB: 79 leases each. */
const SMALL = 4096 + 2 * 8192;
const LARGE = 4096 + 8 * 1024 * 1024;

/** Takes the first bytes from a lease file: its rows can still be read. */
function damage(file: string): void {
  writeFileSync(file, readFileSync(file).fill(0x5a, 0, 16));
}

describe('the journal', () => {
  it('of a damaged lease file gives back nothing that is older than what the file still has', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { journalBytes: SMALL });
    const others = async (from: number, count: number) => {
      for (let number = from; number < from + count; number += 1)
        await bind(store, { client: number, address: (A + number) as Ipv4 });
    };
    await others(10, 85); // The first half is full, and some are in the second one.
    await bind(store, { client: 1, address: A });
    await others(100, 80); // The second half is full too, and some are in the first one.
    await bind(store, { client: 1, address: A, at: at(10), state: 'free', reason: 'released' });
    await bind(store, { client: 2, address: A, at: at(20) });
    await store.close();
    const again = openIn(directory, { journalBytes: SMALL });
    expect(again.leases.at(A)?.client).toBe(client(2));
    await bind(again, { client: 3, address: B, at: at(30) });
    const image = imageOf(directory);
    damage(fileIn(image));

    const salvaged = openIn(image, { journalBytes: SMALL });

    expect(salvaged.opening.setAside).toBeDefined();
    expect(salvaged.leases.at(B)?.client).toBe(client(3));
    expect(salvaged.leases.at(A)?.client).toBe(client(2));
  });

  it('of a damaged lease file is its still when the start that put it aside was cut short', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    store.flush();
    await bind(store, { client: 2, address: B });
    const image = imageOf(directory);
    damage(fileIn(image));
    setAside(fileIn(image), 'the file is not a database', at(0)); // And then the power went.

    const again = openIn(image);

    expect([A, B].map((each) => again.leases.at(each)?.client)).toEqual([client(1), client(2)]);
  });

  it('of the time before a mirror puts nothing over what the mirror has, when its file was damaged', async () => {
    const directory = temporaryDirectory();
    const alone = openIn(directory);
    await bind(alone, { client: 1, address: A });
    await alone.close();
    const clock = new FakeClock();
    const options = { directory, inFlight: new Set<Ipv4>(), now: at(0), seed: 0, clock };
    const mirror = await openMirror(options);
    const after = {
      ...nextOf(2),
      address: A,
      client: client(2),
      granter: UNSPECIFIED,
      updatedAt: at(10),
      leaseSeconds: 0,
    };
    mirror.put({
      before: undefined,
      after: { ...after, version: 500, hostname: '', node: '' },
      reason: 'bound',
    });
    mirror.reached({ segment: 'one', generation: 'a', revision: 500 });
    mirror.close();
    damage(fileIn(directory));

    const again = await openMirror(options);

    expect(again.leases()).toMatchObject([{ client: client(2), version: 500 }]);
    expect(again.position).toMatchObject({ revision: 500 });
    again.close();
  });

  it('that was left in both halves keeps nothing from being swept after the next start', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { journalBytes: SMALL });
    for (let number = 0; number < 84; number += 1)
      await bind(store, { client: number, address: (A + number) as Ipv4 });
    const image = imageOf(directory);

    const again = openIn(image, { journalBytes: SMALL, now: at(100_000) });
    for (let second = 0; second < 60; second += 1) again.idle(at(100_000 + second));

    expect(again.sweep(at(100_060), 10)).toHaveLength(10);
  });

  it('is applied at once though a batch in it is longer than what is read at once', async () => {
    const store = openIn(temporaryDirectory(), { journalBytes: LARGE });
    await bind(store, { client: 1000, address: (A + 1000) as Ipv4 });
    await store.commit(longBatch(store));
    const ends = vi.spyOn(Writer.prototype, 'noteApplied');

    for (let second = 2; second < 20; second += 1) store.idle(at(second));

    expect(store.backlog).toBe(0);
    expect(ends).toHaveBeenCalledOnce();
    ends.mockRestore();
  });

  it('can be read back whatever clients call themselves', async () => {
    const directory = temporaryDirectory();
    const options = { journalBytes: LARGE };
    const store = openIn(directory, options);
    expect(new Set(await store.commit(longBatch(store)))).toEqual(new Set(['committed']));
    const image = imageOf(directory);
    for (let second = 2; second < 20; second += 1) store.idle(at(second));

    expect(store.trouble).toBeUndefined();
    expect(openIn(image, options).leases.at(A)?.client).toHaveLength(2460);
  });
});

/** An identifier of 1230 octets, in parts (RFC 3396), fits into a datagram. */
function longBatch(store: SqliteStore): LeaseChange[] {
  return Array.from({ length: store.batchLimit }, (_, number) => {
    const change = changeOf(store.leases, { client: number, address: (A + number) as Ipv4 });
    const long = client(number).padEnd(2460, '0') as ClientKey;
    const writes = [
      { address: (A + number) as Ipv4, expectedVersion: 0, next: { ...nextOf(number), client: long } },
    ];
    return { ...change, client: long, writes };
  });
}

function nextOf(number: number) {
  return { hardware: hardware(number), state: 'bound', expiresAt: at(3600) } as const;
}
