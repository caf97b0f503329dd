import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { generate } from '../clients/generate.ts';
import { giveWay } from '../machine/give-way.ts';
import type { Program } from '../machine/program.ts';
import { untilQuiet } from '../machine/until-quiet.ts';
import { type Peer, startPeer } from '../peers/peer.ts';
import { runAtRate } from './rate-run.ts';

/** Exchanges before measuring. V8 compiles ours meanwhile; the others only meet their neighbours. */
const WARM_UP = 20_000;
const GREETING = 20;
/** 0 to 1. */
export const MOST_LOSS = 0.01;

/** A peer, and what it can be asked. */
export interface Contender {
  readonly peer: Peer;
  /** Rates at which all are compared. */
  readonly rates: readonly number[];
  /** Rates beyond them, ascending, until one loses too much. */
  readonly climb: readonly number[];
  /** Cost grows with leases: only so many are counted, and each rate begins with none. */
  readonly firstLeases?: number;
  /** The rate at which our generator compares them too. */
  readonly generated?: number;
  /** Clients at once of our generator, to see what it can sustain. */
  readonly windows: readonly number[];
  readonly isOurs?: boolean;
}

export async function startWarm({ segment, folder }: Bench, { peer, isOurs }: Contender): Promise<Program> {
  const server = await startPeer(peer, segment, join(folder, 'server'));
  await generate(segment, {
    ...{ kind: 'exchange', from: 'relayed', settle: 0, seconds: 5 },
    ...(isOurs === true ? { window: 64, limit: WARM_UP } : { window: 1, limit: GREETING }),
  });
  await untilQuiet(server); // What it has put off of that is not of what is measured.
  giveWay(server.pid);
  return server;
}

/** The highest rate of perfdhcp with at most one lost in a hundred; undefined: even the lowest loses more. */
export async function highestRate(
  bench: Bench,
  contender: Contender,
  passed: number | undefined,
): Promise<number | undefined> {
  const { segment, options } = bench;
  let highest = passed;
  let server = await startWarm(bench, contender);
  try {
    for (const rate of contender.climb) {
      // A loss by somebody else's work is not the server's: once more.
      let run = await runAtRate(segment, server, rate, options.seconds);
      if (run.loss > MOST_LOSS) run = await runAtRate(segment, server, rate, options.seconds);
      if (run.loss > MOST_LOSS) break;
      highest = run.rate;
      if (contender.firstLeases === undefined) continue;
      await server.end();
      server = await startWarm(bench, contender);
    }
  } finally {
    await server.end();
  }
  return highest;
}

export interface Sustained {
  readonly window: number;
  readonly rate: number;
  /** Microseconds of the server for one. */
  readonly cost: number;
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
}

/** Exchanges a second by our generator with so many clients at once, from a fresh lease file. */
export async function sustain(bench: Bench, contender: Contender, window: number): Promise<Sustained> {
  const { segment, options } = bench;
  const server = await startWarm(bench, contender);
  try {
    const limit = contender.firstLeases;
    const before = server.nanoseconds();
    const result = await generate(segment, {
      from: 'relayed',
      kind: 'exchange',
      window,
      ...(limit === undefined ? { seconds: options.seconds } : { seconds: 60, settle: 0, limit }),
    });
    const cost = (server.nanoseconds() - before) / 1000 / result.total;
    return { window, rate: result.rate, cost, p50: result.p50, p99: result.p99, lost: result.lost };
  } finally {
    await server.end();
  }
}
