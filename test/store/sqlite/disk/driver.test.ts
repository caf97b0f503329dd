import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { compiled } from '../../../support/gateway-process.ts';

describe('better-sqlite3 for this Node.js', () => {
  test('statements and databases may be collected as garbage', () => {
    const script = `
      const { openSqlite } = await import(${JSON.stringify(compiled('store/sqlite/disk/driver.js'))});
      for (let round = 0; round < 50; round += 1) {
        const database = openSqlite(':memory:');
        for (let count = 0; count < 50; count += 1) database.prepare('SELECT ' + count).get();
        database.pragma('user_version');
        database.close();
        await new Promise((resolve) => setTimeout(resolve, 1));
        gc();
      }`;

    const ran = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], {
      encoding: 'utf8',
    });

    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });

  test('an error of SQLite has its extended code', () => {
    const database = openSqlite(':memory:');
    database.exec('CREATE TABLE one (a PRIMARY KEY); INSERT INTO one VALUES (1)');

    expect(() => database.exec('INSERT INTO one VALUES (1)')).toThrow(
      expect.objectContaining({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }),
    );
    database.close();
  });
});
