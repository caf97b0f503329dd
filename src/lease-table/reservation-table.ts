import { type ClientKey, keyOfIdentifier } from '../lease/client-key.ts';
import type { Version } from '../lease/lease.ts';
import type { OutsideId } from '../lease/outside-id.ts';
import { portKey, ReservationCheck } from '../lease/reservation/claims.ts';
import type { Reservation, ReservationWrite } from '../lease/reservation/reservation.ts';
import {
  type Claimant,
  isEarlier,
  type Reservations,
  type Rivalry,
} from '../lease/reservation/reservation-view.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { hexDigitsOf } from '../net/hex.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** What has to know of reserved addresses, for its orders of free ones. */
export interface FreeOrders {
  reserve(address: Ipv4): void;
  unreserve(address: Ipv4): void;
}

/** RFC 2132 §9.14. */
const CLIENT_IDENTIFIER = 61;

/**
 * The committed reservations in memory, by all that a client may be known by. Only its store writes to it, after a commit. What
 * it reads of a message it reads only if some reservation is by that.
 */
export class ReservationTable implements Reservations {
  readonly #orders: FreeOrders;
  readonly #byId = new Map<string, Reservation>();
  readonly #byAddress = new Map<Ipv4, Reservation>();
  readonly #byMac = new Map<HardwareAddress, Reservation>();
  readonly #byClientId = new Map<ClientKey, Reservation>();
  readonly #byCircuit = new Map<string, Reservation>();
  readonly #byPort = new Map<string, Reservation>();
  readonly #byVps = new Map<OutsideId, Set<Reservation>>();
  readonly #retired = new Set<Reservation>();
  /** Those whose address another one has that was written later. */
  readonly #displaced = new Set<Reservation>();
  /** Those that another one keeps from a client. */
  readonly #rivals = new Set<Reservation>();

  constructor(orders: FreeOrders) {
    this.#orders = orders;
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  get size(): number {
    return this.#byId.size - this.#retired.size;
  }

  of(who: Claimant): Reservation | undefined {
    return this.#byMac.get(who.hardware) ?? this.#ofIdentifier(who) ?? this.#ofCircuitOrPort(who);
  }

  ofHardware(hardware: HardwareAddress): Reservation | undefined {
    return this.#byMac.get(hardware);
  }

  at(address: Ipv4): Reservation | undefined {
    return this.#byAddress.get(address);
  }

  get(id: OutsideId): Reservation | undefined {
    return this.#byId.get(id);
  }

  ofClientId(client: ClientKey): Reservation | undefined {
    return this.#byClientId.get(client);
  }

  ofCircuit(circuitId: string): Reservation | undefined {
    return this.#byCircuit.get(circuitId);
  }

  ofPort(port: string): Reservation | undefined {
    return this.#byPort.get(portKey(port));
  }

  ofVps(vpsId: OutsideId): readonly Reservation[] {
    return [...(this.#byVps.get(vpsId) ?? [])];
  }

  retired(): Iterable<Reservation> {
    return this.#retired;
  }

  *all(): Generator<Reservation> {
    for (const id of [...this.#byId.keys()].sort()) {
      const reservation = this.#byId.get(id);
      if (reservation !== undefined) yield reservation;
    }
  }

  rivalries(): readonly Rivalry[] {
    return [...this.#rivals].flatMap((other) =>
      this.#claimsOf(other).flatMap(({ what, holder: counts }) =>
        counts === undefined || counts.id === other.id ? [] : [{ counts, other, what }],
      ),
    );
  }

  /** The changes of one commit are to be checked by one of these, one after the other. */
  check(): ReservationCheck {
    return new ReservationCheck(this);
  }

  /** Applies a write without conflicts that is durable. */
  apply({ id, next }: ReservationWrite, version: Version): void {
    if (next === 'removed') this.remove(id);
    else this.put({ ...next, version });
  }

  /** A durable reservation: one of its id gives way to it. */
  put(reservation: Reservation): void {
    const before = this.#byId.get(reservation.id);
    if (before !== undefined) this.#unindex(before);
    this.#byId.set(reservation.id, reservation);
    this.#takeAddress(reservation);
    this.#orders.reserve(reservation.address);
    if (before !== undefined) this.#free(before.address);
    if (reservation.retiredUntil === undefined) this.#index(reservation);
    else this.#retired.add(reservation);
  }

  remove(id: OutsideId): void {
    const before = this.#byId.get(id);
    if (before === undefined) return;
    this.#unindex(before);
    this.#byId.delete(id);
    this.#free(before.address);
  }

  #free(address: Ipv4): void {
    if (!this.#byAddress.has(address)) this.#orders.unreserve(address);
  }

  #ofIdentifier({ client, message }: Claimant): Reservation | undefined {
    if (this.#byClientId.size === 0) return undefined;
    const found = this.#byClientId.get(client);
    // The key of a clone has its card in it: what its machine was cloned from has the reservation. A key that is made of a
    // MAC may be that of a client with an identifier beside it.
    if (found !== undefined || client.includes('/')) return found;
    const identifier = message?.raw(CLIENT_IDENTIFIER);
    return identifier === undefined ? undefined : this.#byClientId.get(keyOfIdentifier(identifier));
  }

  /** RFC 3046 §3.1: by the circuit that its relay agent names; or by the port that its card is plugged in at. */
  #ofCircuitOrPort({ message, port }: Claimant): Reservation | undefined {
    if (this.#byCircuit.size > 0) {
      const circuit = message?.relayAgent?.circuitId;
      const found = circuit === undefined ? undefined : this.#byCircuit.get(hexDigitsOf(circuit));
      if (found !== undefined) return found;
    }
    return port === undefined || this.#byPort.size === 0 ? undefined : this.ofPort(port);
  }

  #claimsOf({ macs, clientId, circuitId, port }: Reservation) {
    return [
      ...macs.map((mac) => ({ what: `the card ${hardwareToText(mac)}`, holder: this.#byMac.get(mac) })),
      ...(clientId === undefined
        ? []
        : [{ what: `the client identifier ${clientId}`, holder: this.#byClientId.get(clientId) }]),
      ...(circuitId === undefined
        ? []
        : [{ what: `the circuit ${circuitId}`, holder: this.#byCircuit.get(circuitId) }]),
      ...(port === undefined ? [] : [{ what: `the port ${port}`, holder: this.ofPort(port) }]),
    ];
  }

  #index(reservation: Reservation): void {
    const { macs, clientId, circuitId, port, vpsId } = reservation;
    for (const mac of macs) this.#claim(this.#byMac, mac, reservation);
    if (clientId !== undefined) this.#claim(this.#byClientId, clientId, reservation);
    if (circuitId !== undefined) this.#claim(this.#byCircuit, circuitId, reservation);
    if (port !== undefined) this.#claim(this.#byPort, portKey(port), reservation);
    const ofVps = this.#byVps.get(vpsId);
    if (ofVps === undefined) this.#byVps.set(vpsId, new Set([reservation]));
    else ofVps.add(reservation);
  }

  #unindex(reservation: Reservation): void {
    const { macs, clientId, circuitId, port, vpsId, address, retiredUntil } = reservation;
    this.#leaveAddress(address, reservation);
    if (retiredUntil !== undefined) {
      this.#retired.delete(reservation);
      return;
    }
    for (const mac of macs) dropFrom(this.#byMac, mac, reservation);
    if (clientId !== undefined) dropFrom(this.#byClientId, clientId, reservation);
    if (circuitId !== undefined) dropFrom(this.#byCircuit, circuitId, reservation);
    if (port !== undefined) dropFrom(this.#byPort, portKey(port), reservation);
    const ofVps = this.#byVps.get(vpsId);
    ofVps?.delete(reservation);
    if (ofVps?.size === 0) this.#byVps.delete(vpsId);
    this.#rivals.delete(reservation);
    for (const rival of [...this.#rivals]) this.#index(rival);
  }

  /**
   * Keys of etcd may be learnt out of their order: then two reservations have one address, until it is known that one has left it.
   * The one that was written last counts.
   */
  #takeAddress(reservation: Reservation): void {
    const holder = this.#byAddress.get(reservation.address);
    const isNewest = holder === undefined || holder.version <= reservation.version;
    if (isNewest) this.#byAddress.set(reservation.address, reservation);
    if (holder !== undefined) this.#displaced.add(isNewest ? holder : reservation);
  }

  #leaveAddress(address: Ipv4, reservation: Reservation): void {
    if (this.#displaced.delete(reservation) || this.#byAddress.get(address) !== reservation) return;
    this.#byAddress.delete(address);
    for (const other of [...this.#displaced])
      if (other.address === address) {
        this.#displaced.delete(other);
        this.#takeAddress(other);
      }
  }

  /**
   * One guest may have two reservations, by a version that did not prevent it, or by `cluster seed`. On all gateways the earlier one
   * counts, until it is removed.
   */
  #claim<Key>(index: Map<Key, Reservation>, key: Key, reservation: Reservation): void {
    const holder = index.get(key);
    const isFirst = holder === undefined || holder.id === reservation.id || isEarlier(reservation, holder);
    if (isFirst) index.set(key, reservation);
    if (holder !== undefined && holder.id !== reservation.id)
      this.#rivals.add(isFirst ? holder : reservation);
  }
}

function dropFrom<Key>(index: Map<Key, Reservation>, key: Key, reservation: Reservation): void {
  if (index.get(key) === reservation) index.delete(key);
}
