import { describe, expect, it } from 'vitest';
import { instant } from '../../../../src/lease/lease.ts';
import { NO_HARDWARE } from '../../../../src/net/hardware-address.ts';
import type { HeardSelection } from '../../../../src/store/lease-store.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const ONE: HeardSelection = {
  address: address('10.15.3.20'),
  granter: address('10.15.3.11'),
  client: client(1),
  hardware: hardware(1),
  on: instant(1_767_225_600_000),
  revision: 7,
  isOpen: false,
};
const OTHER: HeardSelection = {
  ...ONE,
  ...{ address: address('10.15.3.21'), client: client(2), hardware: NO_HARDWARE, isOpen: true },
};

/** A file in which somebody has written this for what was heard. */
async function fileWith(text: string): Promise<string> {
  const directory = temporaryDirectory();
  await openIn(directory).close();
  const file = openSqlite(fileIn(directory));
  file.prepare("INSERT OR REPLACE INTO meta VALUES ('selections', ?)").run(text);
  file.close();
  return directory;
}

describe('whom guests have selected at addresses that are leased here, in the lease file', () => {
  it('are in it when a process ends of itself', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    store.noteHeardSelections([ONE, OTHER]);
    await store.close();

    expect(openIn(directory).heardSelections).toEqual([ONE, OTHER]);
  });

  it('are in it as soon as there is nothing better to do, whatever becomes of the process then', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 3, address: ONE.address });
    store.noteHeardSelections([ONE]);
    const noted = imageOf(directory);
    store.idle(at(0));
    const idle = imageOf(directory);

    expect(openIn(noted).heardSelections).toEqual([]);
    expect(openIn(idle).heardSelections).toEqual([ONE]);
  });

  it('are gone when they are over, and a gateway that has heard nobody writes nothing', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    store.noteHeardSelections([]);
    store.idle(at(0));
    const file = openSqlite(fileIn(directory), { readonly: true });
    const before: unknown = file.prepare("SELECT value FROM meta WHERE key = 'selections'").get();
    file.close();
    store.noteHeardSelections([ONE]);
    store.idle(at(1));
    store.noteHeardSelections([]);
    await store.close();

    expect(before).toBeUndefined();
    expect(openIn(directory).heardSelections).toEqual([]);
  });

  it('are noted with whole milliseconds, also after a clock was set by a part of one', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    store.noteHeardSelections([{ ...ONE, on: instant(ONE.on + 0.4) }]);
    await store.close();

    expect(openIn(directory).heardSelections).toEqual([ONE]);
  });

  it.each([
    ['no JSON', '[["10.15.3.20"'],
    ['no array', '{"10.15.3.20":"10.15.3.11"}'],
    ['other rows', '[null,7,"10.15.3.20",["10.15.3.20"],{}]'],
    ['other values', '[["10.15.3.20","pve2","0101","52:54:00:00:00:01",1,1,0]]'],
    ['no client', '[["10.15.3.20","10.15.3.11",7,"52:54:00:00:00:01",1,1,0]]'],
    ['no time', '[["10.15.3.20","10.15.3.11","0101","52:54:00:00:00:01","now",1,0]]'],
    ['no version', '[["10.15.3.20","10.15.3.11","0101","52:54:00:00:00:01",1,-1,0]]'],
  ])('%s: nobody was heard', async (_, text) => {
    expect(openIn(await fileWith(text)).heardSelections).toEqual([]);
  });
});
