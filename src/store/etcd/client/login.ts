import type { Clock } from '../../../lease/clock.ts';
import { faultOf, STATUS, statusCodeOf } from './status-codes.ts';

/** A token that is refused is not replaced sooner after the last one, and a password not tried again; longer each time that it did not help: milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;

/**
 * The token of a user of etcd's. Whatever a new one may mend is asked again with a new one: etcd ends tokens by time, at
 * its restart, and at each change of any user or role. A login costs etcd a tenth of a second of computing, so there is
 * one for all calls that wait, and few where they do not help.
 */
export class Login {
  readonly #clock: Clock;
  readonly #ask: () => Promise<string>;
  #token: string | undefined;
  #asked: Promise<string> | undefined;
  /** Why the last login was refused. */
  #refusal: unknown;
  #pause = FIRST_PAUSE;
  #notBefore = Number.NEGATIVE_INFINITY;

  /** @param ask Logs in; rejects with a CallError. */
  constructor(clock: Clock, ask: () => Promise<string>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Empty: etcd's authentication is off. */
  async token(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    if (this.#refusal !== undefined && this.#clock.monotonic() < this.#notBefore) throw this.#refusal;
    this.#asked ??= this.#logIn().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** A call with this token was refused. True: it is worth asking again with what `token` gives now. */
  refused(token: string): boolean {
    if (token !== this.#token) return true;
    if (this.#clock.monotonic() < this.#notBefore) return false;
    this.#token = undefined;
    return true;
  }

  /** What was asked again with this token, which had just been made, was refused once more, or not. */
  helped(token: string, didHelp: boolean): void {
    if (token !== this.#token) return;
    if (didHelp) this.#pause = FIRST_PAUSE;
    else this.#lengthen();
  }

  async #logIn(): Promise<string> {
    try {
      const token = await this.#ask();
      this.#refusal = undefined;
      this.#notBefore = this.#clock.monotonic() + this.#pause;
      this.#token = token;
      return token;
    } catch (error) {
      if (statusCodeOf(error) === STATUS.FAILED_PRECONDITION) return this.#withoutToken();
      if (faultOf(error) === 'refused') {
        this.#refusal = error;
        this.#lengthen();
      }
      throw error;
    }
  }

  /** "authentication is not enabled": whoever turns it on has every call refused that has no token. */
  #withoutToken(): string {
    this.#refusal = undefined;
    this.#notBefore = this.#clock.monotonic() + this.#pause;
    this.#token = '';
    return '';
  }

  #lengthen(): void {
    this.#notBefore = this.#clock.monotonic() + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }
}
