import { expect, test } from 'vitest';
import { ClusterPeersLog, type ClusterProblem } from '../../src/detection/cluster-peers.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

const SKEW: ClusterProblem = {
  name: 'cluster',
  message: 'the clock of pve2 is 9 s ahead',
  remedy: 'use NTP',
};
const GONE: ClusterProblem = { name: 'gateway-gone', message: 'pve3 is gone', remedy: 'look there' };
const CERTIFICATE: ClusterProblem = { name: 'certificates', message: 'it has ended', remedy: 'renew it' };

test('a problem between the gateways is logged with its remedy when it begins, and once more when it ends', () => {
  const clusterPeers = { live: new Set([at('10.15.3.11')]), graceMilliseconds: 0, agreedAt: undefined };
  const seen = { ...clusterPeers, isByWallClock: () => true, problems: [SKEW, GONE, CERTIFICATE] };
  const lines = new LogLines();
  const log = new ClusterPeersLog(seen, lines);

  log.check();
  log.check();
  seen.problems = [];
  log.check();

  expect(lines.lines.map(({ level, fields, message }) => [level, fields, message])).toEqual([
    ['info', { gateway: '10.15.3.11' }, 'another gateway shares the leases'],
    ['warn', { cause: SKEW.message, remedy: SKEW.remedy }, 'something is wrong with what the gateways share'],
    ['warn', { cause: GONE.message, remedy: GONE.remedy }, 'something is wrong with what the gateways share'],
    ['info', { cause: SKEW.message }, 'this is well again'],
    ['info', { cause: GONE.message }, 'this is well again'],
  ]);
});
