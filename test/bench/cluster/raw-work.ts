/** What one run of the raw loop does; the parent hands it over as JSON. */
export interface RawWork {
  /** host:port of each member of etcd, in the gateways' order. */
  readonly endpoints: readonly string[];
  /** Keeps the keys of several loops apart. */
  readonly name: string;
  /** Exchanges in one transaction, and transactions at once. */
  readonly batch: number;
  readonly inFlight: number;
  /** Transactions begun in each second; undefined: as many as go. */
  readonly rate?: number;
  /** Seconds that are measured, after `settle` that are not. */
  readonly seconds: number;
  readonly settle: number;
}

export interface RawResult {
  /** Of binds, a second. */
  readonly rate: number;
  /** Of one outer transaction: milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of changes whose comparison failed, of which there should be none. */
  readonly conflicts: number;
}
