import { isOutsideId, type OutsideId } from '../../../lease/outside-id.ts';
import type { Revision } from '../client/etcd.ts';

interface KnownIdentity {
  readonly revision: Revision;
  /** undefined: the key is deleted. */
  readonly text: string | undefined;
}

/**
 * The keys that name the reservation of a card, client identifier, circuit or port, as this gateway knows them. Older revisions
 * than the known one change nothing.
 */
export class KnownIdentities {
  readonly #known = new Map<string, KnownIdentity>();

  /** Forgets all revisions: what comes is of another generation. */
  forget(): void {
    this.#known.clear();
  }

  /** The modification revision of its key; 0: no such key. */
  revisionOf(identity: string): Revision {
    const known = this.#known.get(identity);
    return known?.text === undefined ? 0 : known.revision;
  }

  /**
   * The id of the reservation that its key names. Versions before the first one with such keys do not write them: there may be
   * none, or one of a reservation that has the identity no more. Undefined: no key, or it names none.
   */
  holderOf(identity: string): OutsideId | undefined {
    const text = this.#known.get(identity)?.text;
    return isOutsideId(text) ? text : undefined;
  }

  all(): Iterable<string> {
    return this.#known.keys();
  }

  /** Takes the text of its key; undefined: there was no such key at that revision. False: it was known already. */
  learn(identity: string, revision: Revision, text: string | undefined): boolean {
    if ((this.#known.get(identity)?.revision ?? 0) >= revision) return false;
    this.#known.set(identity, { revision, text });
    return true;
  }

  /** Forgets a deletion, of which nothing older will come. */
  forgetGone(identity: string, revision: Revision): void {
    const known = this.#known.get(identity);
    if (known?.text === undefined && known?.revision === revision) this.#known.delete(identity);
  }
}
