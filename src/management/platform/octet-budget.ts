/** Bounds what all together take while they are read: the bodies of requests, or answers. */
export class OctetBudget {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** False: there is no room. */
  take(octets: number): boolean {
    if (this.#taken + octets > this.#most) return false;
    this.#taken += octets;
    return true;
  }

  give(octets: number): void {
    this.#taken -= octets;
  }
}
