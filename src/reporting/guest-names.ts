import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';

/** What is known of a lease that runs, for its guest's names. */
export interface NamedLease {
  readonly address: string;
  readonly mac: string | null;
  /** What the guest calls itself (options 12 and 81), as it was received. */
  readonly hostname: string | null;
  readonly vps_id: string | null;
  readonly reservation_id: string | null;
  /** When the lease began: milliseconds. */
  readonly startedAt: number;
}

/** What an operator calls a guest. */
export interface NamedReservation {
  readonly id: string;
  readonly hostname: string | undefined;
  readonly vpsId: string | undefined;
  readonly address: Ipv4;
  readonly macs: readonly HardwareAddress[];
  /** Not undefined: it was removed, and its name is free. */
  readonly retiredUntil: unknown;
}

/** RFC 1035 §2.3.4: octets of a label. */
const LONGEST = 63;
/** RFC 1123 §2.1: letters, digits and hyphens, and no hyphen at an end. */
const LABEL = /^(?!-)[a-z\d-]{1,63}(?<!-)$/;
const DOTTED_NAME = /^(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*$/;
/** RFC 5890 §2.3.1: xn-- and the like, which programs show as letters of other scripts. */
const ENCODED = /^..--/;
/** RFC 1123 §2.1: an address is read before a name; some programs read 10, 0x0a and 012 as addresses, too. */
const NUMBER = /^(\d+|0x[\da-f]*)$/;
/**
 * Names that no guest may take for itself: programs trust whoever has them. RFC 6761 §6.3 and §6.4; wpad and isatap are
 * looked up by machines that let the answer route their traffic.
 */
const NOBODYS: ReadonlySet<string> = new Set([
  ...['localhost', 'localdomain', 'broadcasthost', 'invalid'],
  ...['wpad', 'isatap'],
]);

/**
 * The label of what a guest calls itself: the part before the first dot, in lower case. Blanks and underscores become
 * hyphens, and apostrophes go. Undefined: it is no label all the same, or one that no guest may take.
 */
export function labelOf(hostname: string): string | undefined {
  const [first = ''] = hostname.split('.', 1);
  const label = first
    .replace(/^ +| +$/g, '')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase()) // Of ASCII alone: other scripts have letters that become ASCII.
    .replace(/[ _]+/g, '-')
    .replace(/['\u2019]/g, '');
  const isRefused = NUMBER.test(label) || ENCODED.test(label) || NOBODYS.has(label);
  return LABEL.test(label) && !isRefused ? label : undefined;
}

/** A name that an operator or the platform gave, in lower case; undefined: DNS does not take it. */
function givenName(name: string | null | undefined): string | undefined {
  const text = name?.toLowerCase() ?? '';
  return text.length <= 253 && DOTTED_NAME.test(text) ? text : undefined;
}

/** The names of guests in a segment: each is the name of one guest alone. */
export class GuestNames {
  /** The name of each reservation, by its id. Of two with one name the first has it. */
  readonly #reserved: ReadonlyMap<string, string>;
  readonly #reservedNames: ReadonlySet<string>;
  /** The id of the reservation of a card at an address: until it renews, a lease says nothing of one made since it began. */
  readonly #idAt: ReadonlyMap<string, string>;
  /** What operators and the platform have given, labels and whole names: no guest takes it for itself. */
  readonly #given: ReadonlySet<string>;
  /** Who calls itself so, the guest whose lease began first before the others: its address. */
  readonly #first: ReadonlyMap<string, string>;

  /** @param leases Those that run; all that may have one of the labels that are asked for. */
  constructor(leases: Iterable<NamedLease>, reservations: Iterable<NamedReservation>) {
    const reserved = new Map<string, string>();
    const reservedNames = new Set<string>();
    const given = new Set<string>();
    const idAt = new Map<string, string>();
    const give = (text: string | null | undefined) => {
      const name = givenName(text);
      if (name !== undefined) given.add(name).add(name.split('.', 1)[0] ?? name);
    };
    for (const reservation of reservations) {
      if (reservation.retiredUntil !== undefined) continue;
      const name = givenName(reservation.hostname);
      if (name !== undefined && !reservedNames.has(name)) reserved.set(reservation.id, name);
      if (name !== undefined) reservedNames.add(name);
      give(reservation.hostname);
      give(reservation.vpsId);
      for (const mac of reservation.macs)
        idAt.set(addressAndMac(ipv4ToText(reservation.address), hardwareToText(mac)), reservation.id);
    }
    const all = [...leases];
    for (const { vps_id } of all) give(vps_id);
    this.#reserved = reserved;
    this.#reservedNames = reservedNames;
    this.#given = given;
    this.#idAt = idAt;
    this.#first = firstOf(all);
  }

  /** Its name first, and the id of its VPS beside that, where that is a name too. */
  of(lease: Omit<NamedLease, 'startedAt'>): readonly string[] {
    const { vps_id, address, mac } = lease;
    const id = lease.reservation_id ?? this.#idAt.get(addressAndMac(address, mac)) ?? null;
    const name = (id === null ? undefined : this.#reserved.get(id)) ?? this.#ownName(lease);
    const vps = givenName(vps_id);
    const names = vps === undefined || this.#reservedNames.has(vps) ? [name] : [name, vps];
    return [...new Set(names.filter((each) => each !== undefined))];
  }

  /** Who comes second has the end of its address behind its name; undefined: there is no room for that. */
  #ownName({ address, hostname }: Pick<NamedLease, 'address' | 'hostname'>): string | undefined {
    const label = hostname === null ? undefined : labelOf(hostname);
    if (label === undefined) return undefined;
    if (this.#first.get(label) === address && !this.#given.has(label)) return label;
    const other = `${label}-${address.split('.').slice(2).join('-')}`;
    const isFree = !this.#given.has(other) && (this.#first.get(other) ?? address) === address;
    return other.length <= LONGEST && isFree ? other : undefined;
  }
}

function addressAndMac(address: string, mac: string | null): string {
  return `${address} ${mac}`;
}

function firstOf(leases: readonly NamedLease[]): ReadonlyMap<string, string> {
  const first = new Map<string, NamedLease>();
  for (const lease of leases) {
    const label = lease.hostname === null ? undefined : labelOf(lease.hostname);
    if (label === undefined) continue;
    const known = first.get(label);
    if (known === undefined || isBefore(lease, known)) first.set(label, lease);
  }
  return new Map([...first].map(([label, { address }]) => [label, address]));
}

function isBefore(one: NamedLease, other: NamedLease): boolean {
  const apart = one.startedAt - other.startedAt;
  return apart === 0 ? numberOf(one.address) < numberOf(other.address) : apart < 0;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
