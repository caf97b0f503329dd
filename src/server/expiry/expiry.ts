import { hasPeers, type PeerInput, peerGrantSince } from '../../engine/address/peers.ts';
import type { Decision, Reason } from '../../engine/decision/decision.ts';
import { NO_PEERS } from '../../exchange/decision-context.ts';
import type { Order } from '../../exchange/parts/order.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Clock } from '../../lease/clock.ts';
import { type Instant, type Lease, NEVER } from '../../lease/lease.ts';
import { type ClockTrust, isOver } from '../../lease/lease-end.ts';
import type { LeaseWrite } from '../../lease/lease-view.ts';
import type { LeaseStore } from '../../store/lease-store.ts';

/** Orders of one sweep. */
const SWEEP_LIMIT = 64;
/** The shortest time between two prompted sweeps: milliseconds. */
const PROMPT_INTERVAL = 100;

const NO_PEERS_CONTEXT: PeerInput['context'] = { peerObservations: NO_PEERS, clusterPeers: undefined };
const NOTHING: Decision = { kind: 'silence', reason: 'no-binding' };

/** Receives the orders of a sweep. */
export interface OrderReceiver {
  readonly isIdle: boolean;
  submit(order: Order): boolean;
}

/**
 * Frees the addresses of expired leases, for new clients and for the history. A lease ends at its time also without it.
 */
export class Expiry {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #receiver: OrderReceiver;
  readonly #clockTrust: () => ClockTrust;
  readonly #context: () => PeerInput['context'];
  readonly #isByWallClock: (lease: Lease) => boolean;
  /** Orders that are not done. */
  #pending = 0;
  #cancelPrompt: (() => void) | undefined;
  #madeRoomAt = Number.NEGATIVE_INFINITY;

  constructor(
    store: LeaseStore,
    clock: Clock,
    receiver: OrderReceiver,
    clockTrust: () => ClockTrust,
    context: () => PeerInput['context'] = () => NO_PEERS_CONTEXT,
    isByWallClock: (lease: Lease) => boolean = () => true,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#receiver = receiver;
    this.#clockTrust = clockTrust;
    this.#context = context;
    this.#isByWallClock = isByWallClock;
  }

  /** One sweep, if no message is pending. Call it once a second. */
  sweep(): void {
    if (this.#receiver.isIdle) this.#sweep();
  }

  /** Addresses are needed: a sweep follows soon, even while messages are pending. */
  prompt(): void {
    this.#cancelPrompt ??= this.#clock.after(PROMPT_INTERVAL, () => {
      this.#cancelPrompt = undefined;
      this.#sweep();
    });
  }

  /** An address is needed at once: sweeps now, unless a sweep has just been done. Returns true if addresses are being freed. */
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
    const limit = isStill ? 0 : SWEEP_LIMIT; // Offers end in any case.
    const expired = this.#store.sweep(now, limit, (lease) => this.#isOver(lease, now, clockTrust));
    const isFull = expired.length === SWEEP_LIMIT;
    const done = () => {
      this.#pending -= 1;
      if (this.#pending === 0 && isFull) this.prompt();
    };
    for (const lease of expired) {
      this.#pending += 1;
      const isTaken = this.#receiver.submit({
        decide: (on, leases) =>
          this.#isOver(lease, on, this.#clockTrust())
            ? expire(lease, { now: on, leases, context: this.#context() })
            : NOTHING,
        done,
      });
      if (!isTaken) this.#pending -= 1;
    }
  }

  /** Where leases are shared, one that is known from etcd ends by how long it is known here, without regard to the wall clock. */
  #isOver(lease: Lease, now: Instant, clockTrust: ClockTrust): boolean {
    return this.#isByWallClock(lease) ? isOver(lease, now, clockTrust) : lease.expiresAt <= now;
  }
}

/** Frees a lease or ends a quarantine that is over, unless its record has changed since the sweep found it. */
export function expire(lease: Lease, input: PeerInput): Decision {
  const { now, leases } = input;
  const { address, client, hardware, version, expiresAt } = lease;
  if (leases.at(address)?.version !== version) return NOTHING;
  const peerGrant = peerGrantSince(input, lease);
  const reason = lease.state === 'declined' ? 'quarantine-ended' : 'expired';
  if (peerGrant !== undefined) return ended(peerGrant[0].next.client, peerGrant, reason, input);
  // Beside peers, the client may have renewed with one of them; also the machine at a quarantined address may have a lease
  // of a peer. Such an address is reused only when nothing else is left, and probed by ARP each time.
  const isPerhapsHeld = hasPeers(input) && (lease.state === 'bound' || lease.state === 'declined');
  // The end distinguishes an expired lease from a released one.
  const endedAt = expiresAt < now ? expiresAt : now;
  const next = isPerhapsHeld
    ? ({ client, hardware, state: 'peer', expiresAt: NEVER } as const)
    : ({ client, hardware, state: 'free', expiresAt: endedAt } as const);
  return ended(client, [{ address, expectedVersion: version, next }], reason, input);
}

function ended(
  client: ClientKey,
  writes: readonly LeaseWrite[],
  reason: Reason,
  { leases, now }: PeerInput,
): Decision {
  const expectedBindingVersion = leases.bindingOf(client)?.version ?? 0;
  const change = {
    kind: 'binding',
    client,
    expectedBindingVersion,
    writes,
    at: now,
    reason,
  } as const;
  return { kind: 'silence', reason, change };
}
