import { megabytes, number, percent, type Table } from '../report/report.ts';
import type { PeerResult } from './peers.ts';

export function tableOfRates(results: readonly PeerResult[]): Table {
  return {
    title: 'At the same rate, with the same clients: one relay agent',
    notes: [
      'Medians of the repeats, but the worst of the longest times. Loss: DISCOVERs without an ACK in the end.',
      'µs/exchange: of all the threads of the server, until it has nothing left to do; it has one processor, the clients the other.',
      'p50 to max: REQUEST to ACK in milliseconds, as the clients see it.',
      'Clients: what perfdhcp used of its processor; near 100 % it was itself the limit. Our generator looks without pause.',
      'Others: what else the machine did meanwhile; 100 % is one processor.',
    ],
    heads: [
      ...['server', 'configuration', 'log', 'synced', 'clients', 'asked/s', 'done/s', 'loss', 'µs/exchange'],
      ...['p50', 'p99', 'p99.9', 'max', 'peak MB', 'clients', 'others'],
    ],
    rows: results.flatMap(({ peer, runs }) =>
      runs.map(({ by, asked, median }) => [
        ...[peer.name, peer.configuration, peer.log, peer.synced ? 'yes' : 'no', by],
        ...[number(asked), number(median.rate), percent(median.loss), number(median.cost, 1)],
        ...[median.p50, median.p99, median.p999, median.max].map((time) => number(time, 2)),
        ...[megabytes(median.peak), percent(median.client), percent(median.others)],
      ]),
    ),
  };
}

export function tableOfSustained(results: readonly PeerResult[]): Table {
  return {
    title: 'What each can sustain',
    notes: [
      'At 1 % loss: the highest tested rate of perfdhcp, in steps; it may be a limit of perfdhcp, see above.',
      'Window: our generator with so many clients at once, as fast as they are answered, from a fresh lease file.',
      'dnsmasq: its first 2,000 leases; it takes longer for each one that it has.',
    ],
    heads: [
      ...['server', 'configuration', 'log', 'synced', 'at 1 % loss'],
      ...['window', 'exchanges/s', 'µs/exchange', 'p50 ms', 'p99 ms', 'lost'],
    ],
    rows: results.flatMap(({ peer, highest, sustained }) =>
      sustained.map((each) => [
        ...[peer.name, peer.configuration, peer.log, peer.synced ? 'yes' : 'no'],
        ...[number(highest ?? Number.NaN), number(each.window), number(each.rate), number(each.cost, 1)],
        ...[number(each.p50, 2), number(each.p99, 2), number(each.lost)],
      ]),
    ),
  };
}
