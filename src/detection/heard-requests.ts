import type { PeerRequest, Rival, RivalryOutcome } from '../engine/decision/decision.ts';
import { isNewer, RIVAL_WINDOW, rivalryOfRepeated, rivalryOfSecond } from '../engine/decision/rivals.ts';
import type { ClientKey } from '../lease/client-key.ts';
import { instant, type Lease } from '../lease/lease.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { HeardSelection } from '../store/lease-store.ts';

/** For so long a client asks again for what it has selected (RFC 2131 §4.1): milliseconds. */
const SELECTION_TIME = 60_000;
/** The largest number of addresses that are remembered, and of clients for each. */
const ADDRESS_LIMIT = 4096;
const RIVALS_OF_ONE = 8;

interface HeardRequest extends PeerRequest {
  /** When it was heard, and when its client asked the same gateway for the same address first: monotonic milliseconds. */
  readonly at: number;
  readonly firstAt: number;
  readonly rivalry: RivalryOutcome;
}

/** DHCPREQUESTs in which clients have selected other gateways, with how each stands beside its rivals. */
export class HeardRequests {
  /** True if a gateway is one of those that are heard. */
  readonly #isHeard: (gateway: Ipv4) => boolean;
  /** By address; the oldest is first. */
  #all = new Map<Ipv4, readonly HeardRequest[]>();

  constructor(isHeard: (gateway: Ipv4) => boolean) {
    this.#isHeard = isHeard;
  }

  /** Moves all instants by so much, with a wall clock that was set: milliseconds. */
  moveBy(step: number): void {
    const moved = (request: HeardRequest) => ({ ...request, on: instant(request.on + step) });
    this.#all = new Map([...this.#all].map(([address, requests]) => [address, requests.map(moved)]));
  }

  note(address: Ipv4, request: PeerRequest & Pick<HeardRequest, 'at'>): void {
    const requests = withRequest(this.#all.get(address) ?? [], request);
    this.#all.delete(address);
    this.#all.set(address, requests.slice(-RIVALS_OF_ONE));
    if (this.#all.size > ADDRESS_LIMIT) this.#forgetOldest();
  }

  /** What an earlier process has heard: nobody's rival any more. */
  recall(selection: HeardSelection): void {
    const { address, isOpen, ...request } = selection;
    if (this.#all.has(address) || this.#all.size >= ADDRESS_LIMIT) return;
    const before = { at: Number.NEGATIVE_INFINITY, firstAt: Number.NEGATIVE_INFINITY };
    this.#all.set(address, [{ ...request, ...before, rivalry: isOpen ? 'open' : 'won' }]);
  }

  rivalFor(address: Ipv4, client: ClientKey, now: number, within: number): Rival | undefined {
    let first: Rival | undefined;
    for (const request of this.#all.get(address) ?? []) {
      if (request.client === client || now - request.at >= RIVAL_WINDOW || now - request.firstAt >= within)
        continue;
      if (!this.#isHeard(request.granter)) continue;
      if (first === undefined || request.granter < first.granter) first = request;
    }
    return first;
  }

  rivalryOf(address: Ipv4, client: ClientKey): RivalryOutcome {
    return this.#all.get(address)?.find((request) => request.client === client)?.rivalry ?? 'won';
  }

  last(address: Ipv4, client: ClientKey | undefined): PeerRequest | undefined {
    return this.#last(address, client);
  }

  /**
   * Those that no record has, since a lease or a quarantine of this gateway's own stands at their address and what is heard
   * displaces none: the last one for each address, if it is newer than the record. A network card has one, its newest: what
   * it has asked for since has ended the others.
   */
  overOwn(recordAt: (address: Ipv4) => Lease | undefined): readonly HeardSelection[] {
    const newest = this.#newestOfCards();
    const selections: HeardSelection[] = [];
    for (const address of this.#all.keys()) {
      const own = recordAt(address);
      if (own === undefined || !isOwn(own)) continue;
      const last = this.#last(address, own.state === 'bound' ? own.client : undefined);
      if (last === undefined || !isNewer(last, own)) continue;
      const { client, hardware, granter, on, revision, rivalry } = last;
      if (hardware !== NO_HARDWARE && newest.get(hardware) !== last) continue;
      selections.push({ address, client, hardware, granter, on, revision, isOpen: rivalry === 'open' });
    }
    return selections;
  }

  #newestOfCards(): ReadonlyMap<HardwareAddress, HeardRequest> {
    const newest = new Map<HardwareAddress, HeardRequest>();
    for (const requests of this.#all.values())
      for (const request of requests) {
        const other = newest.get(request.hardware);
        if (other === undefined || other.at <= request.at) newest.set(request.hardware, request);
      }
    return newest;
  }

  #last(address: Ipv4, client: ClientKey | undefined): HeardRequest | undefined {
    return this.#all
      .get(address)
      ?.findLast(
        (request) =>
          request.client !== client && request.rivalry !== 'lost' && this.#isHeard(request.granter),
      );
  }

  #forgetOldest(): void {
    for (const address of this.#all.keys()) {
      this.#all.delete(address);
      return;
    }
  }
}

/** What a client's selection of another gateway does not displace. */
export function isOwn({ state }: Lease): boolean {
  return state === 'bound' || state === 'declined';
}

/** All that have asked for one address, the oldest first: one client once, however often it has asked. */
function withRequest(
  requests: readonly HeardRequest[],
  request: Omit<HeardRequest, 'firstAt' | 'rivalry'>,
): readonly HeardRequest[] {
  const before = requests.find(({ client }) => client === request.client);
  const others = requests.filter((each) => each !== before);
  // A client that selects another gateway has given up what it asked for before.
  if (before?.granter === request.granter && request.at - before.at < SELECTION_TIME) {
    const { firstAt } = before;
    const rivalry = rivalryOfRepeated(before.rivalry, request.at - firstAt);
    return [...others, { ...request, firstAt, rivalry }];
  }
  const beside = (other: HeardRequest) => rivalryBeside(other, request);
  const all = others.map(beside);
  const rivalry = all.includes('lost') ? 'lost' : all.includes('open') ? 'open' : 'won';
  // Those that it has won against have lost.
  const left = others.map((other) => {
    const was = beside(other);
    if (rivalry === 'lost' || was === undefined) return other;
    return { ...other, rivalry: was === 'won' ? ('lost' as const) : was };
  });
  return [...left, { ...request, firstAt: request.at, rivalry }];
}

/** The rivalry of a new request with an earlier one. Undefined: the earlier one is no rival, or has lost. */
function rivalryBeside(
  rival: HeardRequest,
  { granter, at }: Pick<HeardRequest, 'granter' | 'at'>,
): RivalryOutcome | undefined {
  const isRival = rival.rivalry !== 'lost' && rival.granter !== granter && at - rival.at < RIVAL_WINDOW;
  return isRival ? rivalryOfSecond(rival.granter, granter, at - rival.firstAt) : undefined;
}
