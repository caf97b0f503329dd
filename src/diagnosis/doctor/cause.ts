/** What is wrong, and what to do about it. */
export interface Cause {
  readonly cause: string;
  readonly remedy: string;
}
