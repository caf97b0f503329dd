import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { address, at, bind } from '../store/changes.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { FROZEN, type StallingDisk } from '../support/stalling-disk.ts';
import { describeSystem } from '../support/system.ts';

const { obstacle } = FROZEN;
const title = 'the commands while the file system of the leases is frozen';
/** One at which nobody answers, at once. */
const SHARED = { GATEWAY_ETCD_ENDPOINTS: 'http://127.0.0.1:1', GATEWAY_SEGMENT: 'vnet0' };

describeSystem(obstacle === undefined ? title : `${title} [not here: ${obstacle}]`, [], () => {
  let disk: StallingDisk;
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    builtProgram();
    disk = FROZEN.open();
    const store = openSqliteStore({ directory: disk.directory, inFlight: new Set(), now: at(0), seed: 0 });
    await bind(store, { client: 1, address: address('10.15.3.20') });
    await store.close();
    disk.stall();
  });
  afterAll(() => disk?.close());

  test.skipIf(obstacle !== undefined).each([
    { words: 'leases', status: 74 },
    { words: 'leases history --json', status: 74 },
    { words: 'leases show 10.15.3.20', status: 74 },
    { words: 'cluster status', status: 1 },
    { words: 'cluster leave', status: 74 },
    { words: 'check', status: 78 },
  ])(
    'vps-gateway $words says within seconds that the disk does not answer: status $status',
    ({ words, status }) => {
      const ended = run(words);

      expect(ended).toMatchObject({ status, signal: null });
      expect(`${ended.stdout}${ended.stderr}`.replace(/\s+/g, ' ')).toContain(
        'its disk has not answered for 4 s',
      );
    },
  );

  test.skipIf(obstacle !== undefined)('below a directory that is not made yet, too', () => {
    const ended = run('check', '/not/made/yet');

    expect(ended).toMatchObject({ status: 78, signal: null });
    expect(ended.stdout.replace(/\s+/g, ' ')).toContain('its disk has not answered');
  });

  test.skipIf(obstacle !== undefined)('what they did is done when the disk goes on, and no more', () => {
    disk.goOn();

    expect(run('leases')).toMatchObject({ status: 0, stdout: expect.stringContaining('10.15.3.20') });
  });

  function run(words: string, below = '') {
    const env = gatewayEnvironment(`${disk.directory}${below}`, SHARED);
    const command = [builtProgram(), ...words.split(' ')];
    return spawnSync(process.execPath, command, { env, encoding: 'utf8', timeout: 30_000 });
  }
});
