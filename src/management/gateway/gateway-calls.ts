import type { ClockStatus } from '../../detection/clock-status.ts';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { OperatorOrder } from '../../engine/operator-order.ts';
import type { LeaseImport } from '../../engine/order/import-lease.ts';
import type {
  ExchangeOrder,
  ReservationOrder,
  ReservationProgress,
} from '../../engine/order/reservation-order.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Status } from '../../reporting/status.ts';
import type { ReloadRequest, ReloadResult } from '../../server/declaration/reload.ts';
import type { ImportResult } from '../../server/order/lease-imports.ts';
import type { OrderResult } from '../../server/order/order-intake.ts';
import type { ReservationResult } from '../../server/order/reservation-intake.ts';
import type { Unexplained } from '../../server/order/unexplained.ts';
import type { MappedAddress } from '../../server/status/address-map.ts';
import type { Figures } from '../../server/status/figures.ts';
import type { Gauges } from '../../server/status/gauges.ts';
import type { SubnetTexts } from './options.ts';

/** How far the lease file is. */
export interface Carried {
  /** True: it has all that was committed before the question. */
  readonly isComplete: boolean;
  /** When it was asked: wall-clock milliseconds. */
  readonly at: number;
}

/** Who answers for an address by ARP, with colons; null: nobody. no-arp: ARP cannot be used now. too-many: too much is being asked. */
export type AskAnswer =
  | { readonly kind: 'asked'; readonly holder: string | null }
  | { readonly kind: 'no-arp' }
  | { readonly kind: 'too-many' };

/** What the management thread may ask of the gateway, which runs in another thread. All of it can be cloned. */
export interface GatewayCalls {
  status(): Promise<Status>;
  figures(): Promise<Figures>;
  /** For metrics alone: it takes longer than `figures`. */
  gauges(): Promise<Gauges>;
  /** Brings all that was committed into the lease file, in steps that delay no packet, for a bounded time. */
  carry(): Promise<Carried>;
  /** False: another process may use the leases directory. */
  isStoring(): Promise<boolean>;
  clock(): Promise<ClockStatus | null>;
  trustClock(by: OrderedBy): Promise<ClockStatus | null>;
  /** What the addresses of a range are used for: at most MOST_MAPPED. */
  mapAddresses(first: Ipv4, last: Ipv4): Promise<readonly MappedAddress[]>;
  /** Asks the segment by ARP. */
  ask(address: Ipv4): Promise<AskAnswer>;
  order(order: OperatorOrder): Promise<OrderResult>;
  orderReservation(order: ReservationOrder): Promise<ReservationResult>;
  /** Takes over leases of another server; what became of each, in their order. */
  importLeases(imports: readonly LeaseImport[]): Promise<readonly ImportResult[]>;
  /** How far a reservation is from being so; null: there is none of this id. */
  progressOf(id: OutsideId): Promise<ReservationProgress | null>;
  /** A reservation, in force or retired, as it is now; null: there is none of this id. */
  reservationOf(id: OutsideId): Promise<Reservation | null>;
  /** Reads the settings again. */
  reload(request: ReloadRequest): Promise<ReloadResult>;
  /** Several orders that do not rest on each other; the results are in their order. */
  orderReservations(orders: readonly ReservationOrder[]): Promise<readonly ReservationResult[]>;
  /** Entries that are put by one change; 'impossible': nothing was written. */
  exchangeReservations(order: ExchangeOrder): Promise<readonly ReservationResult[] | 'impossible'>;
  /** The leases that run and that no reservation explains. */
  unexplained(): Promise<Unexplained>;
}

export type CallName = keyof GatewayCalls;

/** From the management thread. */
export type ToGateway =
  | {
      readonly kind: 'call';
      /** Its position in the list of segments, from 0. */
      readonly segment: number;
      readonly number: number;
      readonly name: CallName;
      readonly args: readonly unknown[];
    }
  | {
      readonly kind: 'say';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly message: string;
    }
  /** All that this thread finds wrong itself: it takes the place of what was told before. */
  | { readonly kind: 'problems'; readonly problems: readonly RunningProblem[] };

/** To the management thread. */
export type FromGateway =
  | {
      readonly kind: 'answer';
      readonly segment: number;
      readonly number: number;
      readonly value: unknown;
    }
  | { readonly kind: 'failure'; readonly segment: number; readonly number: number; readonly message: string }
  | { readonly kind: 'subnets'; readonly subnets: readonly SubnetTexts[] }
  | { readonly kind: 'close' };

export interface Port<Sent, Received> {
  post(message: Sent): void;
  hear(take: (message: Received) => void): void;
}
