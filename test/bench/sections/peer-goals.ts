import type { Machine } from '../machine/machine.ts';
import { type Goal, goal, number, unmeasured } from '../report/report.ts';
import type { PeerResult, RatedRuns } from './peers.ts';
import type { RateRun } from './rate-run.ts';

/** The figures that rest on the other servers: ours as it comes, against the best of theirs. */
export function goalsOfPeers(results: readonly PeerResult[], machine: Machine): readonly Goal[] {
  const ours = results.filter(({ peer }) => peer.name === 'vps-gateway');
  const theirs = (name: string) => results.filter(({ peer }) => peer.name === name);
  const kea = theirs('Kea');
  return [
    ...cheaperThanKea(ours, kea, 4000, 'perfdhcp', 0.65),
    ...cheaperThanKea(ours, kea, 10_000, 'perfdhcp', 0.55),
    ...cheaperThanKea(ours, kea, 10_000, 'generator', 0.55),
    timesAsMany(ours, theirs('dnsmasq'), 40, 'dnsmasq (its first 2,000 leases)'),
    timesAsMany(ours, theirs('ISC dhcpd'), 15, 'ISC dhcpd (64k pool)'),
    asQuickAsKea(ours, kea, machine),
  ];
}

function at(result: PeerResult, rate: number, clients: RatedRuns['by'] = 'perfdhcp'): RateRun | undefined {
  return result.runs.find(({ by, asked }) => by === clients && asked === rate)?.median;
}

/** For each of our log levels against Kea's same one, and its cheapest sockets. */
function cheaperThanKea(
  ours: readonly PeerResult[],
  kea: readonly PeerResult[],
  rate: number,
  by: RatedRuns['by'],
  share: number,
): readonly Goal[] {
  return ours.map((result) => {
    const level = result.peer.log.slice(0, 4).toLowerCase();
    const what = `CPU per exchange at ${number(rate)}/s of ${by} against Kea, both at ${level}`;
    const limit = `<= ${share} x, with p50 <= 1.3 ms and p99 <= Kea's + 4 ms`;
    const own = at(result, rate, by);
    const theirs = kea
      .filter(({ peer }) => peer.log.slice(0, 4).toLowerCase() === level)
      .flatMap((each) => at(each, rate, by) ?? []);
    if (own === undefined || theirs.length === 0) return unmeasured(what, limit, 'Kea is not installed');
    const cost = Math.min(...theirs.map((run) => run.cost));
    const p99 = Math.min(...theirs.map((run) => run.p99));
    const measured =
      `${number(own.cost / cost, 2)} x (${number(own.cost, 1)} / ${number(cost, 1)} µs), ` +
      `p50 ${number(own.p50, 2)} ms, p99 ${number(own.p99, 2)} ms (Kea ${number(p99, 2)}), ${number(own.rate)}/s done`;
    return goal(what, limit, measured, own.cost <= cost * share && own.p50 <= 1.3 && own.p99 <= p99 + 4);
  });
}

function timesAsMany(
  ours: readonly PeerResult[],
  theirs: readonly PeerResult[],
  times: number,
  name: string,
): Goal {
  const what = `sustained exchanges/s, all ACKs synced, against ${name}`;
  const limit = `>= ${times} x`;
  const best = (results: readonly PeerResult[]) =>
    Math.max(0, ...results.flatMap(({ sustained }) => sustained.map(({ rate }) => rate)));
  const [own, other] = [best(ours.slice(0, 1)), best(theirs)];
  if (other === 0) return unmeasured(what, limit, 'not installed');
  const measured = `${number(own / other, 1)} x (${number(own)} / ${number(other)})`;
  return goal(what, limit, measured, own >= times * other);
}

function asQuickAsKea(ours: readonly PeerResult[], kea: readonly PeerResult[], { fsync }: Machine): Goal {
  const what = 'REQUEST-to-ACK p50 at 500/s';
  const limit = "<= Kea's p50 + one fsync";
  const p50s = (results: readonly PeerResult[]) => results.flatMap((each) => at(each, 500)?.p50 ?? []);
  const own = p50s(ours)[0];
  const other = Math.min(...p50s(kea));
  if (own === undefined || other === Number.POSITIVE_INFINITY)
    return unmeasured(what, limit, 'Kea is not installed');
  const measured = `${number(own, 3)} ms / ${number(other, 3)} + ${number(fsync.p50, 3)} ms`;
  return goal(what, limit, measured, own <= other + fsync.p50);
}
