/** What a gateway has learnt by ARP it may still decide by so much later: milliseconds. */
const ARP_MEMORY = 10_000;

interface Release {
  readonly address: string;
  readonly server: string;
  /** Milliseconds. */
  readonly sentAt: number;
}

interface Bound {
  readonly address: string;
  readonly boundAt: number;
  readonly holds: boolean;
}

/**
 * Old DHCPRELEASEs of one client that arrive after it has bound anew. No server can tell that they are old, for a release
 * does not say when it was sent.
 */
export class LateReleases {
  /** It is so of the client's lease as it is now. */
  isUndone = false;
  /** And that before ARP, or what was learnt by it, could show that the client has its address. */
  isUnseen = false;
  /** The gateways that have taken one, and have neither confirmed the address since nor heard the client ask for it. */
  readonly takenBy = new Set<string>();
  #last: (Release & { readonly at: number }) | undefined;

  arrived(release: Release, { address, boundAt, holds }: Bound, now: number): void {
    this.#last = { ...release, at: now };
    if (address !== release.address || boundAt <= release.sentAt || !holds) return;
    this.isUndone = true;
    this.isUnseen = now - boundAt < ARP_MEMORY;
    this.takenBy.add(release.server);
  }

  /** `sentAt`: when the DHCPREQUEST was that a DHCPACK by this server answers. */
  bound(address: string, server: string, sentAt: number): void {
    const last = this.#last;
    const isLate = last?.address === address && last.sentAt < sentAt && sentAt <= last.at;
    this.isUndone = isLate;
    this.isUnseen = isLate;
    if (isLate) this.takenBy.add(last.server);
    else this.takenBy.delete(server);
  }

  /** The gateway has heard the client ask for its address. */
  heardBy(gateway: string): void {
    this.takenBy.delete(gateway);
  }

  /** The client has no address any more. */
  forget(): void {
    this.takenBy.clear();
  }
}
