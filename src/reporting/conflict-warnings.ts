import type { Decision, Reason } from '../engine/decision/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import { type LineLimits, repeatedField } from './line-limits.ts';

/** The same is said again after so long: milliseconds. */
const INTERVAL = 600_000;
/** Different conflicts that are remembered; the one said longest ago is forgotten first. */
const CONFLICT_LIMIT = 1024;
/** A line without its client. */
const LINE_OCTETS = 500;

interface Warning {
  readonly message: string;
  readonly remedy: string;
}

/** What an operator has to mend, since a server can only work around it. */
const WARNINGS: Partial<Record<Reason, Warning>> = {
  declined: {
    message: 'a client has found its address in use by another machine',
    remedy:
      'find the machine that uses this address without a lease, and give it an address outside the pool; the address is given to nobody for a while',
  },
  'address-in-use': {
    message: 'an address of the pool is in use by a machine that it was not leased to',
    remedy:
      'give that machine an address outside the pool, or let it use DHCP; the address is given to nobody for a while',
  },
  'still-in-use': {
    message: 'a guest goes on using an address though its lease is over',
    remedy:
      'it is given to nobody for a while, and the guest has its lease again when it asks; if it never asks, look for what stopped its DHCP client, or for who released its lease',
  },
  'used-by-client': {
    message: 'a DHCPDECLINE in the name of a guest that uses its address is ignored',
    remedy:
      'look for another machine that sends messages in this guest’s name (MAC filter of the firewall), or a fault of its DHCP client',
  },
  'from-elsewhere': {
    message: 'a DHCPRELEASE that does not come from the address that it gives up is ignored',
    remedy:
      'look for another machine that sends messages in this guest’s name (MAC filter of the firewall), or a second address of the guest that it is sent from',
  },
  'offered-to-clone': {
    message: 'two machines present the same client identifier',
    remedy:
      'both are served; empty /etc/machine-id in the template that they were cloned from, and on one of them, so that each makes its own',
  },
  'too-many-identifiers': {
    message: 'one network card presents more client identifiers than may have a lease, and all are used',
    remedy:
      'if containers share this card, raise GATEWAY_DHCP_LEASES_PER_MAC; else look for a fault of this machine, or set GATEWAY_DHCP_IDENTITY=mac',
  },
  'too-many-declines': {
    message: 'a client declines one address after the other, and is not believed any more',
    remedy:
      'look for a machine that answers ARP for all addresses (proxy ARP), or for a fault of this client',
  },
};

/** Machines that get in each other's way: one warning for a pair of them, or for an address, in ten minutes. */
export class ConflictWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #limits: LineLimits<string>;
  /** When it was said, monotonic; what was said last at the end. */
  readonly #said = new Map<string, number>();

  /** `limits`: by reason, since one sender can invent any number of machines. */
  constructor(log: Log, monotonic: () => number, limits: LineLimits<string>) {
    this.#log = log;
    this.#monotonic = monotonic;
    this.#limits = limits;
  }

  note(message: Message, client: ClientKey, decision: Decision, address: Ipv4): void {
    const warning = WARNINGS[decision.reason];
    if (warning === undefined || decision.kind === 'wait') return;
    const { reason, other } = decision;
    const conflict = `${reason} ${subjectOf(reason, message.hardware, other, address)}`;
    const monotonic = this.#monotonic();
    if (this.#isSaid(conflict, monotonic)) return;
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
      remedy: warning.remedy,
    };
    this.#log.warn(fields, warning.message);
    this.#limits.wrote(LINE_OCTETS + client.length);
  }

  #isSaid(conflict: string, monotonic: number): boolean {
    const last = this.#said.get(conflict);
    return last !== undefined && monotonic - last < INTERVAL;
  }

  #remember(conflict: string, monotonic: number): void {
    this.#said.delete(conflict);
    this.#said.set(conflict, monotonic);
    if (this.#said.size <= CONFLICT_LIMIT) return;
    for (const oldest of this.#said.keys()) {
      this.#said.delete(oldest);
      return;
    }
  }
}

/** What it is that is said once: an address and who sits on it, two machines, or one. */
function subjectOf(
  reason: Reason,
  hardware: HardwareAddress,
  other: HardwareAddress | undefined,
  address: Ipv4,
): string | number {
  if (reason === 'too-many-declines' || reason === 'too-many-identifiers') return hardware;
  return reason === 'offered-to-clone' ? `${hardware} ${other}` : `${address} ${other}`;
}
