/** Takes how long the exchange needs. It runs on the packets' thread: it only counts. */
export interface Timings {
  /** A reply was handed to the kernel so many milliseconds after its message was read. */
  replied(milliseconds: number): void;
  /** A commit of so many changes ended after so many milliseconds, whatever its outcome. */
  committed(milliseconds: number, changes: number): void;
}
