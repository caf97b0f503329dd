import type { Decision, Reason } from '../engine/decision/decision.ts';
import { REASONS } from '../engine/decision/reasons.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import { type LineLimits, repeatedField } from './line-limits.ts';
import type { PortTextOf } from './plugged-log.ts';

/** The same conflict is logged again after this time: milliseconds. */
const INTERVAL = 600_000;
/** Conflicts that are remembered; the one that was logged longest ago is forgotten first. */
const CONFLICT_LIMIT = 1024;
/** Size of a line without its client. */
const LINE_OCTETS = 500;

type ReasonWithRemedy = {
  [Name in Reason]: (typeof REASONS)[Name] extends { readonly remedy: string } ? Name : never;
}[Reason];

/** The log messages of conflicts that an operator has to end: the server can only work around them. */
const MESSAGES = {
  declined: 'a client has found its address in use by another machine',
  'address-in-use': 'an address of the pool is in use by a machine that it was not leased to',
  'still-in-use': 'a guest goes on using an address though its lease is over',
  'used-by-client': 'a DHCPDECLINE in the name of a guest that uses its address is ignored',
  'from-elsewhere': 'a DHCPRELEASE that does not come from the address that it gives up is ignored',
  'offered-to-clone': 'two machines present the same client identifier',
  'too-many-identifiers':
    'one network card presents more client identifiers than may have a lease, and all are used',
  'share-of-port': 'one guest takes leases in many names, and gets no more',
  'too-many-declines': 'a client declines one address after the other, and is not believed any more',
} as const satisfies Partial<Record<ReasonWithRemedy, string>>;

/** Warns of machines that are in conflict: once in ten minutes for a pair of machines, or for an address. */
export class ConflictWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #limits: LineLimits<string>;
  readonly #portTextOf: PortTextOf;
  /** When each conflict was logged, in monotonic milliseconds; the newest is last. */
  readonly #logged = new Map<string, number>();

  /**
   * @param limits How many lines each reason may write: one sender can invent any number of machines.
   * @param portTextOf Where a network card is plugged in.
   */
  constructor(
    log: Log,
    monotonic: () => number,
    limits: LineLimits<string>,
    portTextOf: PortTextOf = () => undefined,
  ) {
    this.#log = log;
    this.#portTextOf = portTextOf;
    this.#monotonic = monotonic;
    this.#limits = limits;
  }

  note(message: Message, client: ClientKey, decision: Decision, address: Ipv4): void {
    const { reason } = decision;
    if (!hasMessage(reason) || decision.kind === 'wait') return;
    const { other } = decision;
    const conflict = `${reason} ${this.#subjectOf(reason, message.hardware, other, address)}`;
    const monotonic = this.#monotonic();
    if (this.#wasLogged(conflict, monotonic)) return;
    const repeated = this.#limits.admit(reason);
    if (repeated === undefined) return;
    this.#remember(conflict, monotonic);
    const fields = {
      reason,
      client,
      hardware: hardwareToText(message.hardware),
      other: other === undefined ? undefined : hardwareToText(other),
      address: address === 0 ? undefined : ipv4ToText(address),
      ...repeatedField(repeated),
      remedy: REASONS[reason].remedy,
    };
    this.#log.warn(fields, MESSAGES[reason]);
    this.#limits.wrote(LINE_OCTETS + client.length);
  }

  /** What a conflict is recognized by: an address and the machine that uses it, two machines, one machine, or one port. */
  #subjectOf(
    reason: Reason,
    hardware: HardwareAddress,
    other: HardwareAddress | undefined,
    address: Ipv4,
  ): string | number {
    if (reason === 'share-of-port') return this.#portTextOf(hardware) ?? hardware;
    if (reason === 'too-many-declines' || reason === 'too-many-identifiers') return hardware;
    return reason === 'offered-to-clone' ? `${hardware} ${other}` : `${address} ${other}`;
  }

  #wasLogged(conflict: string, monotonic: number): boolean {
    const last = this.#logged.get(conflict);
    return last !== undefined && monotonic - last < INTERVAL;
  }

  #remember(conflict: string, monotonic: number): void {
    this.#logged.delete(conflict);
    this.#logged.set(conflict, monotonic);
    if (this.#logged.size <= CONFLICT_LIMIT) return;
    for (const oldest of this.#logged.keys()) {
      this.#logged.delete(oldest);
      return;
    }
  }
}

function hasMessage(reason: Reason): reason is keyof typeof MESSAGES {
  return Object.hasOwn(MESSAGES, reason);
}
