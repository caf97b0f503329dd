import { describe, expect, it, vi } from 'vitest';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { Writer } from '../../../../src/store/sqlite/tables/writer.ts';
import { address, at, bind } from '../../changes.ts';
import { fileIn, imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const B = address('10.15.3.11');
const C = address('10.15.3.12');

function storedIn(directory: string): unknown {
  const file = openSqlite(fileIn(directory), { readonly: true });
  const text = file.prepare("SELECT value FROM meta WHERE key = 'gateways'").pluck().get();
  file.close();
  return text;
}

/** A file in which somebody has written this for what was heard. */
async function fileWith(text: string | undefined): Promise<string> {
  const directory = temporaryDirectory();
  await openIn(directory).close();
  const file = openSqlite(fileIn(directory));
  file.exec("DELETE FROM meta WHERE key = 'gateways'");
  if (text !== undefined) file.prepare("INSERT INTO meta VALUES ('gateways', ?)").run(text);
  file.close();
  return directory;
}

describe('the gateways that were heard, in the lease file', () => {
  it('are in it when a process ends of itself', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    first.noteLastHeard(new Map([[B, 7_200_000]]));
    await first.close();

    expect(openIn(directory).lastHeard).toEqual(new Map([[B, 7_200_000]]));
  });

  it('are none of those that a version has noted which believed whoever was named', async () => {
    const directory = await fileWith(undefined);
    const file = openSqlite(fileIn(directory));
    file.exec(`INSERT INTO meta VALUES ('heard', '{"10.15.3.11":0}')`);
    file.close();

    expect(openIn(directory).lastHeard).toEqual(new Map());
  });

  it('are in it as soon as there is nothing better to do, whatever becomes of the process then', () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    first.noteLastHeard(new Map([[B, 0]]));
    const noted = imageOf(directory);
    first.idle(at(0));
    const idle = imageOf(directory);

    expect(openIn(noted).lastHeard).toEqual(new Map());
    expect(openIn(idle).lastHeard).toEqual(new Map([[B, 0]]));
  });

  it('are safe from a loss of power then', () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const safe: unknown[] = [];
    const sync = vi.spyOn(Writer.prototype, 'sync').mockImplementation(() => safe.push(storedIn(directory)));
    store.noteLastHeard(new Map([[B, 7_200_000]]));

    store.idle(at(0));
    sync.mockRestore();

    expect(safe).toEqual(['{"10.15.3.11":7200000}']);
  });

  it('are written once for each time that they are noted', () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    store.noteLastHeard(new Map([[B, 0]]));
    store.idle(at(0));
    const other = openSqlite(fileIn(directory));
    other.exec("UPDATE meta SET value = 'as it was' WHERE key = 'gateways'");
    other.close();

    store.idle(at(1));
    const before = storedIn(directory);
    store.noteLastHeard(new Map([[C, 5]]));
    store.idle(at(2));

    expect(before).toBe('as it was');
    expect(storedIn(directory)).toBe('{"10.15.3.12":5}');
  });

  it('who is gone is gone from it, and a gateway that has heard nobody writes nothing', async () => {
    const directory = temporaryDirectory();
    const alone = openIn(directory);
    alone.noteLastHeard(new Map());
    await alone.close();
    const before = storedIn(directory);
    const second = openIn(directory);
    second.noteLastHeard(new Map([[B, 0]]));
    second.noteLastHeard(new Map());
    await second.close();

    expect(before).toBeUndefined();
    expect(openIn(directory).lastHeard).toEqual(new Map());
  });

  it('wait for a disk that takes nothing, and say so', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    const other = openSqlite(fileIn(directory));
    other.exec('BEGIN IMMEDIATE');
    store.noteLastHeard(new Map([[B, 0]]));

    store.idle(at(0));
    const trouble = store.trouble;
    const outcome = await bind(store, { client: 1, address: address('10.15.3.20') });
    other.exec('ROLLBACK');
    other.close();
    store.idle(at(2));

    expect(trouble).toContain('SQLITE_BUSY');
    expect(outcome).toBe('committed');
    expect(store.trouble).toBeUndefined();
    expect(storedIn(directory)).toBe('{"10.15.3.11":0}');
  });

  it.each([
    ['a file from before', undefined],
    ['no JSON', '{"10.15.3.11"'],
    ['nothing', 'null'],
    ['a number', '7'],
    ['other names', '{"pve2":1,"10.15.3":2}'],
    ['other values', '{"10.15.3.11":"long","10.15.3.12":null}'],
  ])('%s: nobody was heard', async (_, text) => {
    expect(openIn(await fileWith(text)).lastHeard).toEqual(new Map());
  });

  it('a silence from the future is none', async () => {
    const directory = await fileWith('{"10.15.3.11":-5,"10.15.3.12":9}');

    expect(openIn(directory).lastHeard).toEqual(
      new Map([
        [B, 0],
        [C, 9],
      ]),
    );
  });
});
