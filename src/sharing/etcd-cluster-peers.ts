import type {
  ClusterPeersView,
  ClusterProblem,
  EtcdMemberFigures,
  SharingFigures,
} from '../detection/cluster-peers.ts';
import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Certificates } from '../store/etcd/client/certificates.ts';
import type { AskedMember } from '../store/etcd/client/etcd.ts';
import type { EtcdStore } from '../store/etcd/etcd-store.ts';
import { CLOCK_GRACE } from '../store/etcd/keys/clock-grace.ts';
import type { MembersLook } from '../store/etcd/membership/etcd-maintenance.ts';
import type { SharingProblem } from '../store/etcd/membership/sharing-problem.ts';

/** A difference between two clocks that is reported: milliseconds. */
const SKEW_WARNING = 5000;

/** The other gateways of the segment, by their heartbeats in etcd. Nobody, until the store is open. */
export class EtcdClusterPeers implements ClusterPeersView {
  readonly graceMilliseconds = CLOCK_GRACE;
  /** Undefined until the store is open. */
  store: EtcdStore | undefined;
  /** Undefined until etcd is connected to, and without TLS. */
  certificates: Certificates | undefined;

  get live(): ReadonlySet<Ipv4> {
    return this.store?.members.live ?? NOBODY;
  }

  get gone(): ReadonlySet<Ipv4> {
    return this.store?.members.gone ?? NOBODY;
  }

  gatewayAt(host: Ipv4): Ipv4 | undefined {
    return this.store?.members.gatewayAt(host);
  }

  get agreedAt(): number | undefined {
    return this.store?.members.clocks.agreedAt;
  }

  isByWallClock(lease: Lease): boolean {
    return this.store?.isByWallClock(lease) === true;
  }

  get problems(): readonly ClusterProblem[] {
    const { differences = [], goneProblems = [] } = this.store?.members ?? {};
    const between = [...this.#skewProblems(), ...differences, ...(this.store?.spaceProblems ?? [])];
    const ofCertificates = this.certificates?.problems ?? [];
    return [
      ...between.map((problem) => ({ name: 'cluster' as const, ...problem })),
      ...goneProblems.map((problem) => ({ name: 'gateway-gone' as const, ...problem })),
      ...ofCertificates.map((problem) => ({ name: 'certificates' as const, ...problem })),
    ];
  }

  get figures(): SharingFigures {
    const { members, etcdMembers: { at: etcdAskedAt, asked } = NOT_ASKED } = this.store ?? {};
    return {
      clockOffsets: members?.clocks.offsets ?? {},
      gateways: members?.addresses ?? {},
      gone: members?.goneAddresses ?? {},
      etcdMembers: asked.map(memberFigures),
      etcdAskedAt,
      certificates: this.certificates?.ends ?? [],
    };
  }

  #skewProblems(): readonly SharingProblem[] {
    const { milliseconds = 0, node = '' } = this.store?.members.clocks.skew ?? {};
    if (Math.abs(milliseconds) < SKEW_WARNING) return [];
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    const direction = milliseconds > 0 ? 'ahead' : 'behind';
    return [
      {
        message: `the clock of ${node} is ${seconds} s ${direction}, and no lease ends by it here`,
        remedy: 'see that both nodes set their time by NTP',
      },
    ];
  }
}

function memberFigures({ endpoint, status, roundTrip }: AskedMember): EtcdMemberFigures {
  if (status === undefined) return { endpoint, answer: undefined };
  const { leader, memberId, version, databaseBytes, quotaBytes } = status;
  const role = leader === memberId ? 'leader' : leader === '0' ? 'candidate' : 'follower';
  return { endpoint, answer: { role, version, roundTrip, databaseBytes, quotaBytes } };
}

const NOT_ASKED: MembersLook = { at: undefined, asked: [] };
const NOBODY: ReadonlySet<Ipv4> = new Set();
