import { type Ipv4, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { Revision } from '../client/etcd.ts';

interface KnownClient {
  readonly revision: Revision;
  /** The address in the key; UNSPECIFIED: its value is no address. undefined: the key is deleted. */
  readonly address: Ipv4 | undefined;
}

/** The keys of clients, as this gateway knows them. Older revisions than the known one change nothing. */
export class KnownClients {
  readonly #known = new Map<string, KnownClient>();

  /** Forgets all revisions: what comes is of another generation. */
  forget(): void {
    this.#known.clear();
  }

  /** The modification revision of a client's key; 0: no such key. */
  revisionOf(client: string): Revision {
    const known = this.#known.get(client);
    return known?.address === undefined ? 0 : known.revision;
  }

  /** The address in a client's key; UNSPECIFIED: none. */
  addressOf(client: string): Ipv4 {
    return this.#known.get(client)?.address ?? UNSPECIFIED;
  }

  all(): Iterable<string> {
    return this.#known.keys();
  }

  /** @param address undefined: there was no such key at that revision. False: it was known already. */
  learn(client: string, revision: Revision, address: Ipv4 | undefined): boolean {
    if ((this.#known.get(client)?.revision ?? 0) >= revision) return false;
    this.#known.set(client, { revision, address });
    return true;
  }

  /** Forgets a deletion, of which nothing older will come. */
  forgetGone(client: string, revision: Revision): void {
    if (this.#known.get(client)?.revision === revision) this.#known.delete(client);
  }
}
