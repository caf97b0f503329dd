import { ArpEvidence } from '../../detection/arp-evidence.ts';
import { ArpProber } from '../../detection/arp-prober.ts';
import { Sightings } from '../../detection/sightings.ts';
import type { Clock } from '../../lease/clock.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import type { Log } from '../../log/log.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Plan } from '../../subnet/plan.ts';
import { poolOf } from '../../subnet/pool.ts';
import type { SegmentArp, SegmentPorts } from '../../transport/transport.ts';
import type { QuietWatch } from './quiet-watch.ts';

/**
 * `ArpEvidence` does not believe a crowd: many unknown machines at addresses where nobody was. So many machines, with addresses of
 * the pool that were set by hand, may start within ten minutes, and are no crowd yet.
 */
const STARTED_BY_HAND = 16;
/** In a small pool, a share of it, and at the least so many. */
const CROWD_SHARE = 8;
const LEAST_CROWD = 3;

export interface ArpWatchParts {
  readonly arp: SegmentArp;
  readonly leases: LeaseView;
  readonly clock: Clock;
  readonly log: Log;
  readonly quiet: QuietWatch;
  /** Undefined: no bridge is asked. */
  readonly ports: SegmentPorts | undefined;
  /** The plan as it is now. */
  plan(): Plan;
  /** False: other gateways lease addresses of the pool. */
  isAlone(): boolean;
  /** Told of each ARP message of a machine that has an address. `isBelieved` false: the machine may be lying. */
  onHolder(address: Ipv4, machine: HardwareAddress, isBelieved: boolean): void;
}

/** What is heard by ARP on the segment, and who is told of it: what is quiet, what is evidence, what was seen where. */
export class ArpWatch {
  readonly prober: ArpProber;
  readonly sightings: Sightings;
  readonly #quiet: QuietWatch;
  readonly #evidence: ArpEvidence;

  constructor({ arp, leases, clock, log, quiet, ports, plan, isAlone, onHolder }: ArpWatchParts) {
    this.#quiet = quiet;
    this.sightings = new Sightings(leases, clock);
    const evidence = new ArpEvidence({
      ...{ leases, clock, log, isAlone },
      isOfPool: (address) => poolOf(plan().subnet, address) !== undefined,
      crowdFrom: () => crowdFrom(plan()),
      ...(ports === undefined ? {} : { guestPortOf: (machine) => guestPortOf(ports, machine) }),
    });
    this.#evidence = evidence;
    arp.onProbed((address, machine) => void this.#note(address, machine));
    this.prober = new ArpProber(arp, clock, {
      weigh: (address, machine) => evidence.weigh(address, machine),
      onHolder: (address, machine, speech) => {
        evidence.note(address, machine, speech, quiet.lap.isSilent(address));
        onHolder(address, machine, this.#note(address, machine));
      },
    });
  }

  /** True if the machine is believed, as far as is known by now. */
  #note(address: Ipv4, machine: HardwareAddress): boolean {
    this.#quiet.lap.hear(address, machine);
    const isBelieved = this.#evidence.weigh(address, machine) !== 'doubtful';
    if (isBelieved) this.sightings.note(address, machine);
    return isBelieved;
  }
}

function guestPortOf(ports: SegmentPorts, machine: HardwareAddress): number | undefined {
  const [port] = ports.hasBridge ? ports.portsOf([machine]) : [];
  return port?.kind === 'guest' ? port.index : undefined;
}

function crowdFrom({ subnet: { pools } }: Plan): number {
  const size = pools.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return Math.min(STARTED_BY_HAND, Math.max(LEAST_CROWD, Math.floor(size / CROWD_SHARE))) + 1;
}
