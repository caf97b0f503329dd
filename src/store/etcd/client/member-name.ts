import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../../lease/clock.ts';

/** How long a name server is waited for where an earlier answer is known: milliseconds. */
const PATIENCE = 500;

/** Questions at once. Each holds one of Node's four file threads until it is answered, which may take a minute. */
const MOST_QUESTIONS = 2;

/** The system's resolver, with few questions at once. */
class Resolver {
  #questions = 0;
  readonly #waiting: (() => void)[] = [];

  async resolve(name: string): Promise<readonly LookupAddress[]> {
    if (this.#questions >= MOST_QUESTIONS) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#questions += 1;
    try {
      return await lookup(name, { all: true });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#questions -= 1;
      else next();
    }
  }
}

const RESOLVER = new Resolver();

/**
 * The name of a member, resolved anew for each connection, so a member may move. There is one question at a time. While the
 * name server does not answer, or knows no address, its last answer is used.
 */
export class MemberName {
  readonly #name: string;
  readonly #clock: Clock;
  #asked: Promise<readonly LookupAddress[]> | undefined;
  #last: readonly LookupAddress[] | undefined;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  /** As `net.connect` wants it. */
  readonly lookup: LookupFunction = (_name, { all }, answer) => {
    this.#addresses().then(
      (addresses) => {
        const [first] = addresses;
        if (all === true) answer(null, [...addresses]);
        else answer(null, first?.address ?? '', first?.family ?? 0);
      },
      (error: NodeJS.ErrnoException) => answer(error, '', 0),
    );
  };

  get isAddress(): boolean {
    return isIP(this.#name) !== 0;
  }

  #addresses(): Promise<readonly LookupAddress[]> {
    this.#asked ??= this.#resolve().finally(() => {
      this.#asked = undefined;
    });
    const last = this.#last;
    if (last === undefined) return this.#asked;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(PATIENCE, () => resolve(last));
      const done = (addresses: readonly LookupAddress[]) => {
        cancel();
        resolve(addresses);
      };
      this.#asked?.then(done, () => done(last));
    });
  }

  async #resolve(): Promise<readonly LookupAddress[]> {
    this.#last = await RESOLVER.resolve(this.#name);
    return this.#last;
  }
}
