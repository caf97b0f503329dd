import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../lease/clock.ts';

/** A name server that has not answered for so long is not waited for, where an earlier answer is known: milliseconds. */
const PATIENCE = 500;

/**
 * The name of a member, resolved anew for each connection, so that a member may move. There is one question at a time: a
 * name server that does not answer would else take every thread that reads files. While it is silent, what it said last
 * holds.
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

  #resolve(): Promise<readonly LookupAddress[]> {
    return new Promise((resolve, reject) => {
      lookup(this.#name, { all: true }, (error, addresses) => {
        if (error !== null) reject(error);
        else {
          this.#last = addresses;
          resolve(addresses);
        }
      });
    });
  }
}
