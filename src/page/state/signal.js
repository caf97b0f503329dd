/**
 * A value that others follow.
 *
 * @template Value
 */
export class Signal {
  /** @type {Value} */
  #value;
  /** @type {Set<(value: Value) => void>} */
  #followers = new Set();

  /** @param {Value} value */
  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  /** @param {Value} value */
  set(value) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const tell of [...this.#followers]) tell(value);
  }

  /**
   * @param {(value: Value) => void} tell Called with each new value.
   * @returns {() => void} Ends it.
   */
  follow(tell) {
    this.#followers.add(tell);
    return () => void this.#followers.delete(tell);
  }
}
