import type { Clock } from '../../../lease/clock.ts';
import { faultOf, STATUS, statusCodeOf } from './status-codes.ts';

/** The least time between two logins, longer after each one that did not help: milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;

/**
 * The token of an etcd user. etcd ends tokens after a time, at its restart, and at each change of a user or role, so a call
 * that a new token may help is made again with a new one. A login costs etcd a tenth of a second of computing: all waiting
 * calls share one, and logins that do not help become rare.
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

  /** @param ask Logs in. It may throw a CallError. */
  constructor(clock: Clock, ask: () => Promise<string>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The token; empty: etcd's authentication is off. @throws CallError */
  async token(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    if (this.#refusal !== undefined && this.#clock.monotonic() < this.#notBefore) throw this.#refusal;
    this.#asked ??= this.#logIn().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** Call it when a call with this token was refused. True: call again with the token that `token` gives now. */
  refused(token: string): boolean {
    if (token !== this.#token) return true;
    if (this.#clock.monotonic() < this.#notBefore) return false;
    this.#token = undefined;
    return true;
  }

  /** Call it after the second call, which was made with this new token. `didHelp`: it was not refused. */
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
