/** Something that is wrong with etcd or between the gateways while leases are still promised. */
export interface SharingProblem {
  readonly message: string;
  /** What an operator does against it. */
  readonly remedy: string;
}

/** `MESSAGE: REMEDY`. */
export function sharingProblemToText({ message, remedy }: SharingProblem): string {
  return `${message}: ${remedy}`;
}
