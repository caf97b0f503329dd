import { setTimeout as pass } from 'node:timers/promises';
import { systemClock } from '../../../src/lease/system-clock.ts';
import { ipv4, ipv4ToText } from '../../../src/net/ipv4.ts';
import type { EtcdOperation, Transaction } from '../../../src/store/etcd/client/etcd.ts';
import { GrpcEtcd } from '../../../src/store/etcd/client/grpc-etcd.ts';
import { type EtcdRecord, encodeEntry } from '../../../src/store/etcd/keys/entry.ts';
import { Keys } from '../../../src/store/etcd/keys/keys.ts';
import { latencyOf } from '../report/statistics.ts';
import type { RawResult, RawWork } from './raw-work.ts';

/** Runs one loop of bare transactions, given as JSON in the first argument; writes the result as JSON. */
const work = JSON.parse(process.argv[2] ?? '') as RawWork;
const etcd = new GrpcEtcd({ endpoints: work.endpoints, clock: systemClock });
const keys = new Keys(`raw-${work.name}`);
const NODE = 'pve1';
const GRANTER = '10.15.3.10';
const LEASE_MILLISECONDS = 86_400_000;

const latencies: number[] = [];
let conflicts = 0;
let changes = 0;
let clients = 0;
let begun = 0;
const start = performance.now();
const from = start + work.settle * 1000;
const end = from + work.seconds * 1000;

await Promise.all(Array.from({ length: work.inFlight }, loop));
const { p50, p99 } = latencyOf(Float64Array.from(latencies));
const measured = (performance.now() - from) / 1000;
const result: RawResult = { rate: changes / measured, p50, p99, conflicts };
console.log(JSON.stringify(result));
etcd.close();
process.exit(0);

/** Binds ever new clients. */
async function loop(): Promise<void> {
  while (performance.now() < end) {
    const first = clients;
    clients += work.batch;
    const numbers = Array.from({ length: work.batch }, (_, index) => first + index);
    await commit(numbers.map(changeOf));
  }
}

async function commit(nested: readonly Transaction[]): Promise<void> {
  if (work.rate !== undefined) {
    const due = start + (begun / work.rate) * 1000;
    begun += 1;
    await pass(Math.max(0, due - performance.now()));
  }
  const before = performance.now();
  const success = nested.map((transaction): EtcdOperation => ({ kind: 'transaction', transaction }));
  const { results } = await etcd.transact({ compare: [], success, failure: [] });
  const now = performance.now();
  for (const each of results) if (each.kind !== 'transaction' || !each.result.succeeded) conflicts += 1;
  if (before >= from) {
    latencies.push(now - before);
    changes += nested.length;
  }
}

/** What a gateway sends when a new client takes its offer, which is in memory: the address and its client. */
function changeOf(number: number): Transaction {
  const address = ipv4(0x0a_10_00_00 + number);
  const client = `01${(0x02_0000_000000 + number).toString(16).padStart(12, '0')}`;
  const both = [keys.ofClient(client), keys.ofAddress(address)];
  const entry = { record: recordOf(client, number), op: opOf(number) };
  return {
    compare: both.map((key) => ({ key, modRevision: 0 })),
    success: [
      { kind: 'put', key: keys.ofAddress(address), value: encodeEntry(entry) },
      { kind: 'put', key: keys.ofClient(client), value: Buffer.from(ipv4ToText(address)) },
    ],
    failure: both.map((key) => ({ kind: 'get', key })),
  };
}

function recordOf(client: string, number: number): EtcdRecord {
  const now = systemClock.now();
  const times = { expiresAt: now + LEASE_MILLISECONDS, updatedAt: now };
  return {
    client,
    mac: 0x02_0000_000000 + number,
    state: 'bound',
    ...times,
    granter: GRANTER,
    node: NODE,
    reason: 'bound',
  };
}

function opOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}
