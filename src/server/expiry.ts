import { hasPeers, type PeerInput, peerGrantSince } from '../engine/address/peers.ts';
import type { Decision } from '../engine/decision/decision.ts';
import { NO_PEERS } from '../exchange/decision-context.ts';
import type { Order } from '../exchange/order.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import { type Instant, type Lease, NEVER } from '../lease/lease.ts';
import { type ClockTrust, isOver } from '../lease/lease-end.ts';
import type { LeaseWrite } from '../lease/lease-view.ts';
import type { LeaseStore } from '../store/lease-store.ts';

/** Orders of one turn of the sweep. */
const SWEEP_LIMIT = 64;
/** The sweep is prompted at most this often: milliseconds. */
const PROMPT_INTERVAL = 100;

const NO_PEERS_CONTEXT: PeerInput['context'] = { peerObservations: NO_PEERS, clusterPeers: undefined };
const NOTHING: Decision = { kind: 'silence', reason: 'no-binding' };

/** What takes the orders. */
export interface OrderReceiver {
  readonly isIdle: boolean;
  submit(order: Order): boolean;
}

/**
 * Frees what has run out. Nothing waits for it but addresses for new clients, and history: a lease whose time is past
 * is over without it.
 */
export class Expiry {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #taker: OrderReceiver;
  readonly #clockTrust: () => ClockTrust;
  readonly #context: () => PeerInput['context'];
  readonly #isByWallClock: (lease: Lease) => boolean;
  /** Orders that have not settled. */
  #pending = 0;
  #cancelPrompt: (() => void) | undefined;
  #madeRoomAt = Number.NEGATIVE_INFINITY;

  constructor(
    store: LeaseStore,
    clock: Clock,
    taker: OrderReceiver,
    clockTrust: () => ClockTrust,
    context: () => PeerInput['context'] = () => NO_PEERS_CONTEXT,
    isByWallClock: (lease: Lease) => boolean = () => true,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#taker = taker;
    this.#clockTrust = clockTrust;
    this.#context = context;
    this.#isByWallClock = isByWallClock;
  }

  /** One turn; for when there is nothing better to do, and once a second. */
  sweep(): void {
    if (this.#taker.isIdle) this.#sweep();
  }

  /** Addresses are wanted: a turn soon, idle or not. */
  prompt(): void {
    this.#cancelPrompt ??= this.#clock.after(PROMPT_INTERVAL, () => {
      this.#cancelPrompt = undefined;
      this.#sweep();
    });
  }

  /** An address is wanted at once: a turn now, unless there was one just before. True: something is being freed. */
  makeRoom(): boolean {
    const monotonic = this.#clock.monotonic();
    if (this.#pending === 0 && monotonic - this.#madeRoomAt >= PROMPT_INTERVAL) {
      this.#madeRoomAt = monotonic;
      this.#sweep();
    }
    return this.#pending > 0;
  }

  stop(): void {
    this.#cancelPrompt?.();
    this.#cancelPrompt = undefined;
  }

  #sweep(): void {
    const clockTrust = this.#clockTrust();
    const isStill = !clockTrust.isTrusted && this.#context().clusterPeers === undefined;
    if (this.#pending > 0) return;
    const now = this.#clock.now();
    const limit = isStill ? 0 : SWEEP_LIMIT; // Offers end all the same.
    const expired = this.#store.sweep(now, limit, (lease) => this.#isOver(lease, now, clockTrust));
    const isFull = expired.length === SWEEP_LIMIT;
    const done = () => {
      this.#pending -= 1;
      if (this.#pending === 0 && isFull) this.prompt();
    };
    for (const lease of expired) {
      this.#pending += 1;
      const isTaken = this.#taker.submit({
        decide: (on, leases) =>
          this.#isOver(lease, on, this.#clockTrust())
            ? expire(lease, { now: on, leases, context: this.#context() })
            : NOTHING,
        done,
      });
      if (!isTaken) this.#pending -= 1;
    }
  }

  /** What shared leases have of other gateways is over whatever the wall clock says. */
  #isOver(lease: Lease, now: Instant, clockTrust: ClockTrust): boolean {
    return this.#isByWallClock(lease) ? isOver(lease, now, clockTrust) : lease.expiresAt <= now;
  }
}

/** Frees a lease or ends a quarantine that is over, if it is still what it was when it was found to be. */
export function expire(lease: Lease, input: PeerInput): Decision {
  const { now, leases } = input;
  const { address, client, hardware, version, expiresAt } = lease;
  if (leases.at(address)?.version !== version) return NOTHING;
  const heard = peerGrantSince(input, lease);
  if (heard !== undefined) return ended(heard[0].next.client, heard, input);
  // Beside other gateways its client may have it through one of them, and so may whoever answered at a quarantined address,
  // or declined it because of another: it is given away only when nothing else is left, and asked for by ARP each time.
  const isPerhapsHeld = hasPeers(input) && (lease.state === 'bound' || lease.state === 'declined');
  // Its end tells what has run out from what was released.
  const endedAt = expiresAt < now ? expiresAt : now;
  const next = isPerhapsHeld
    ? ({ client, hardware, state: 'peer', expiresAt: NEVER } as const)
    : ({ client, hardware, state: 'free', expiresAt: endedAt } as const);
  return ended(client, [{ address, expectedVersion: version, next }], input);
}

function ended(client: ClientKey, writes: readonly LeaseWrite[], { leases, now }: PeerInput): Decision {
  const expectedBindingVersion = leases.bindingOf(client)?.version ?? 0;
  const change = {
    kind: 'binding',
    client,
    expectedBindingVersion,
    writes,
    at: now,
    reason: 'expired',
  } as const;
  return { kind: 'silence', reason: 'expired', change };
}
