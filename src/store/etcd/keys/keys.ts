import { type ClientKey, clientKeyFromText } from '../../../lease/client-key.ts';
import { isOutsideId, type OutsideId } from '../../../lease/outside-id.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../../net/ipv4.ts';

/** The prefix of all keys of all segments. */
export const SEGMENTS = '/vps-gateway/';

/** The names of the keys of one segment in etcd. */
export class Keys {
  readonly prefix: string;
  /** The key of the segment's generation. */
  readonly generation: string;
  /** The key by which `cluster seed` asks every gateway to merge its mirror; it names the generation to come. */
  readonly seeding: string;
  /** The prefix of the keys of all heartbeats. */
  readonly gateways: string;
  readonly #addresses: string;
  readonly #clients: string;
  readonly #reservations: string;
  readonly #identities: string;

  constructor(segment: string) {
    this.prefix = `${SEGMENTS}${segment}/`;
    this.generation = `${this.prefix}birth`;
    this.seeding = `${this.prefix}seeding`;
    this.gateways = `${this.prefix}gw/`;
    this.#addresses = `${this.prefix}ip/`;
    this.#clients = `${this.prefix}cl/`;
    this.#reservations = `${this.prefix}rs/`;
    this.#identities = `${this.prefix}rid/`;
  }

  ofAddress(address: Ipv4): string {
    return `${this.#addresses}${ipv4ToText(address)}`;
  }

  ofClient(client: string): string {
    return `${this.#clients}${client}`;
  }

  /** An id may have any character that can be read. */
  ofReservation(id: string): string {
    return `${this.#reservations}${encodeURIComponent(id)}`;
  }

  /** The id of a reservation's key; undefined: another key. */
  reservationOf(key: string): OutsideId | undefined {
    if (!key.startsWith(this.#reservations)) return undefined;
    const id = decoded(key.slice(this.#reservations.length));
    return isOutsideId(id) ? id : undefined;
  }

  /** The key that names the reservation of a card, client identifier, circuit or port, as `identitiesOf` has it. */
  ofIdentity(identity: string): string {
    return `${this.#identities}${encodeURI(identity.replace(' ', '/'))}`;
  }

  /** The identity of such a key; undefined: another key. */
  identityOf(key: string): string | undefined {
    if (!key.startsWith(this.#identities)) return undefined;
    return decoded(key.slice(this.#identities.length), decodeURI)?.replace('/', ' ');
  }

  /** The key of the heartbeat of a node's gateway. */
  ofGateway(node: string): string {
    return `${this.gateways}${node}`;
  }

  /** The node of a heartbeat's key; undefined: another key. */
  gatewayOf(key: string): string | undefined {
    return key.startsWith(this.gateways) ? key.slice(this.gateways.length) : undefined;
  }

  /** The key under which a node reports what it has merged. */
  ofSeeded(node: string): string {
    return `${this.prefix}seeded/${node}`;
  }

  /** The address of an address's key; undefined: another key. */
  addressOf(key: string): Ipv4 | undefined {
    return key.startsWith(this.#addresses) ? ipv4FromText(key.slice(this.#addresses.length)) : undefined;
  }

  clientOf(key: string): ClientKey | undefined {
    return key.startsWith(this.#clients) ? clientKeyFromText(key.slice(this.#clients.length)) : undefined;
  }
}

function decoded(text: string, decode = decodeURIComponent): string | undefined {
  try {
    return decode(text);
  } catch {
    return undefined; // Not written by us.
  }
}
