import { LEAST_MAXIMUM, omittedOptions } from '../engine/reply/omitted-options.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import { ANYBODY, mayHave } from '../subnet/may-have.ts';
import type { Plan } from '../subnet/plan.ts';
import { optionName } from '../wire/option-text.ts';

/** The most leases that are named; the others are counted. */
const NAMED = 10;

/** An effect on guests of settings that are all valid, which may not be meant: for the log at the start, and for `check`. */
export interface PlanDoubt {
  readonly message: string;
  /** The options or leases that it concerns, by name. */
  readonly about: readonly string[];
  /** How many it concerns in all. */
  readonly count: number;
  readonly remedy: string;
}

export interface RunningLease {
  readonly address: Ipv4;
  readonly hardware: HardwareAddress;
}

/** True for an address that the plan gives to no guest, though a lease of it may still run. */
export function isNobodys({ subnet }: Plan, address: Ipv4): boolean {
  return mayHave(subnet, ANYBODY, address) === 'nothing';
}

/** @param leases The leases that run. */
export function doubtsOfPlan(plan: Plan, leases: Iterable<RunningLease>): readonly PlanDoubt[] {
  return [...doubtOfSize(plan), ...doubtOfLeases(plan, leases)];
}

function doubtOfSize(plan: Plan): readonly PlanDoubt[] {
  const codes = omittedOptions(plan);
  if (codes.length === 0) return [];
  const about = codes.map((code) => `${optionName(code)} (option ${code})`);
  return [
    {
      message: `a guest that takes no more than ${LEAST_MAXIMUM} octets, such as udhcpc and dhclient, and asks for all that is set is not sent all of it`,
      about,
      count: about.length,
      remedy: 'shorten the lists: domains to search, routes, DNS and NTP servers',
    },
  ];
}

function doubtOfLeases(plan: Plan, leases: Iterable<RunningLease>): readonly PlanDoubt[] {
  const about: string[] = [];
  let count = 0;
  for (const { address, hardware } of leases) {
    if (!isNobodys(plan, address)) continue;
    count += 1;
    if (about.length < NAMED) about.push(`${ipv4ToText(address)} of ${hardwareToText(hardware)}`);
  }
  if (count === 0) return [];
  return [
    {
      message:
        "leases run of addresses that are no guest's by these settings: their guests are refused when they ask, and get others",
      about,
      count,
      remedy:
        "set router, prefix, peers and listen IP so that they are not guests' addresses, if this is not meant",
    },
  ];
}

/** One line for people. */
export function planDoubtToText({ message, about, count, remedy }: PlanDoubt): string {
  const more = count > about.length ? ` and ${count - about.length} more` : '';
  return `${message}: ${about.join(', ')}${more}; ${remedy}`;
}
