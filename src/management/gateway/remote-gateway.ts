import type { OperatorOrder } from '../../engine/operator-order.ts';
import type { LeaseImport } from '../../engine/order/import-lease.ts';
import type { ExchangeOrder, ReservationOrder } from '../../engine/order/reservation-order.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ReloadRequest } from '../../server/declaration/reload.ts';
import type { CallName, FromGateway, GatewayCalls, Port, ToGateway } from './gateway-calls.ts';

/** How long a question about the state may take: milliseconds. Then the packets' thread stands still. */
const STATE_TIME = 2000;
/** Room for what waits for the disk, for etcd or for ARP: milliseconds. */
const LATER = 15_000;
/** The leases of one import are stored in many rounds. */
const MUCH_LATER = 120_000;

/** The packets' thread has not answered. */
export class GatewayStandsStill extends Error {
  override readonly name = 'GatewayStandsStill';
}

/** The gateway of one segment, as the management thread sees it. */
export class RemoteGateway implements GatewayCalls {
  readonly #port: Pick<Port<ToGateway, FromGateway>, 'post'>;
  readonly #segment: number;
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #number = 0;

  /** @param segment Its position in the list of segments. */
  constructor(port: Pick<Port<ToGateway, FromGateway>, 'post'>, segment: number) {
    this.#port = port;
    this.#segment = segment;
  }

  status() {
    return this.#call('status', [], STATE_TIME);
  }

  figures() {
    return this.#call('figures', [], STATE_TIME);
  }

  gauges() {
    return this.#call('gauges', [], STATE_TIME);
  }

  carry() {
    return this.#call('carry', [], LATER);
  }

  isStoring() {
    return this.#call('isStoring', [], STATE_TIME);
  }

  clock() {
    return this.#call('clock', [], STATE_TIME);
  }

  trustClock(by: OrderedBy) {
    return this.#call('trustClock', [by], LATER);
  }

  mapAddresses(first: Ipv4, last: Ipv4) {
    return this.#call('mapAddresses', [first, last], STATE_TIME);
  }

  ask(address: Ipv4) {
    return this.#call('ask', [address], LATER);
  }

  order(order: OperatorOrder) {
    return this.#call('order', [order], LATER);
  }

  orderReservation(order: ReservationOrder) {
    return this.#call('orderReservation', [order], LATER);
  }

  importLeases(imports: readonly LeaseImport[]) {
    return this.#call('importLeases', [imports], MUCH_LATER);
  }

  reservationOf(id: OutsideId) {
    return this.#call('reservationOf', [id], STATE_TIME);
  }

  progressOf(id: OutsideId) {
    return this.#call('progressOf', [id], STATE_TIME);
  }

  orderReservations(orders: readonly ReservationOrder[]) {
    return this.#call('orderReservations', [orders], LATER);
  }

  exchangeReservations(order: ExchangeOrder) {
    return this.#call('exchangeReservations', [order], LATER);
  }

  unexplained() {
    return this.#call('unexplained', [], LATER);
  }

  reload(request: ReloadRequest) {
    return this.#call('reload', [request], LATER);
  }

  #call<Name extends CallName>(
    name: Name,
    args: Parameters<GatewayCalls[Name]>,
    milliseconds: number,
  ): ReturnType<GatewayCalls[Name]> {
    this.#number += 1;
    const number = this.#number;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(number);
        reject(new GatewayStandsStill(`no answer to ${name} within ${milliseconds} ms`));
      }, milliseconds);
      const end = () => {
        clearTimeout(timer);
        this.#open.delete(number);
      };
      this.#open.set(number, {
        resolve: (value) => {
          end();
          resolve(value);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      });
      this.#port.post({ kind: 'call', segment: this.#segment, number, name, args });
    });
    return answer as ReturnType<GatewayCalls[Name]>;
  }

  /** An answer has come. */
  settle(message: Extract<FromGateway, { kind: 'answer' | 'failure' }>): void {
    const open = this.#open.get(message.number);
    if (message.kind === 'answer') open?.resolve(message.value);
    else open?.reject(new Error(message.message));
  }
}
