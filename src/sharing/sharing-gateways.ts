import type { Cluster } from '../detection/cluster.ts';
import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { CertificateProblem, Certificates } from '../store/etcd/client/certificates.ts';
import type { EtcdStore } from '../store/etcd/etcd-store.ts';
import { CLOCK_GRACE } from '../store/etcd/keys/clock-grace.ts';

/** Clocks that differ by so much are worth a warning: milliseconds. */
const SKEW_WARNING = 5000;

/** The gateways of the segment, as the server asks about them. */
export class SharingGateways implements Cluster {
  readonly grace = CLOCK_GRACE;
  /** Undefined until the store is there. */
  store: EtcdStore | undefined;
  /** Undefined until etcd is spoken to, and without TLS. */
  certificates: Certificates | undefined;

  get live(): ReadonlySet<Ipv4> {
    return this.store?.members.live ?? NOBODY;
  }

  get agreedAt(): number | undefined {
    return this.store?.members.agreedAt;
  }

  isByWallClock(lease: Lease): boolean {
    return this.store?.isByWallClock(lease) === true;
  }

  get certificateProblems(): readonly CertificateProblem[] {
    return this.certificates?.problems ?? [];
  }

  get problems(): readonly string[] {
    const { differences = [] } = this.store?.members ?? {};
    return [...this.#skewProblems(), ...differences, ...(this.store?.space ?? [])];
  }

  #skewProblems(): readonly string[] {
    const { milliseconds = 0, node = '' } = this.store?.members.skew ?? {};
    if (Math.abs(milliseconds) < SKEW_WARNING) return [];
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    return [
      `the clock of ${node} is ${seconds} s ${milliseconds > 0 ? 'ahead' : 'behind'}, and no lease ends by it here: see that both nodes set their time by NTP`,
    ];
  }
}

const NOBODY: ReadonlySet<Ipv4> = new Set();
