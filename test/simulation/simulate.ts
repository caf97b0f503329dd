import { parseArgs } from 'node:util';
import { mutationsOf } from './mutations-of.ts';
import { runSeed } from './run.ts';
import { WAYS } from './ways.ts';

/** The long form: `npm run simulate -- --seeds 10000 [--from 0] [--way etcd] [--mutation 'nothing is compared']`. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    way: { type: 'string', default: 'etcd' },
    mutation: { type: 'string' },
  },
});
const from = Number(values.from);
const end = from + Number(values.seeds);
const way = WAYS.find((each) => each === values.way);
if (way === undefined) throw new Error(`--way is one of: ${WAYS.join('; ')}`);
const mutations = mutationsOf(way);
const mutation = values.mutation === undefined ? undefined : mutations.get(values.mutation);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(end))
  throw new Error('--seeds and --from are numbers');
if (values.mutation !== undefined && mutation === undefined)
  throw new Error(`--mutation is one of: ${[...mutations.keys()].join('; ')}`);

const begin = Date.now();
let failed = 0;
let acks = 0;
const counts = new Map<string, number>();
for (let seed = from; seed < end; seed += 1) {
  const result = await runSeed(seed, way, mutation);
  acks += result.acks;
  for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
  if (result.faults.length > 0) {
    failed += 1;
    console.log([`seed ${seed} fails:`, ...result.faults, ...result.trace].join('\n  '));
  }
  if ((seed - from) % 100 === 99) console.log(`${seed - from + 1} seeds, ${failed} failed`);
}
const seconds = Math.round((Date.now() - begin) / 1000);
console.log(`${end - from} seeds from ${from}: ${failed} failed, ${acks} leases taken, ${seconds} s`);
for (const [what, count] of counts) console.log(`${what}: ${count}`);
process.exitCode = failed > 0 ? 1 : 0;
