/** What one run of the generator does; the parent hands it over as JSON. */
export interface Workload {
  /** relayed: from one relay agent. direct: from clients on the segment. */
  readonly from: 'relayed' | 'direct';
  /**
   * exchange: DISCOVER, OFFER, REQUEST, ACK by ever new clients. renewal: REQUEST and ACK by clients that have leases.
   * echo: a datagram that comes back. until-ack: renewals of one client until the first ACK. first-ack: exchanges by ever new clients
   * until the first ACK.
   */
  readonly kind: 'exchange' | 'renewal' | 'echo' | 'until-ack' | 'first-ack';
  /** So many at once, always; or `rate` a second. */
  readonly window: number;
  /** Begun in each second; undefined: as many as the window allows. */
  readonly rate?: number;
  /** Seconds that are measured, after `settle` that are not. */
  readonly seconds: number;
  readonly settle: number;
  /** Sleeps for a moment when there is nothing to do, where others need its processor. */
  readonly rests?: boolean;
  /** Ends after so many; undefined: when the time is over. */
  readonly limit?: number;
  /** What has had no reply for so long is lost: milliseconds; a second if it is not said. */
  readonly patience?: number;
  /** Hardware address of the first client. */
  readonly hardware: number;
  /** For renewals: client n holds address `first` + n, for n below `count`. */
  readonly leases?: { readonly first: number; readonly count: number };
  readonly server: { readonly address: string; readonly hardware: string };
  readonly client: { readonly address: string; readonly device: string };
}

export interface WorkloadResult {
  /** Of the measured time, or until the limit. */
  readonly seconds: number;
  readonly begun: number;
  readonly completed: number;
  /** No reply within `patience`. */
  readonly lost: number;
  readonly refused: number;
  readonly rate: number;
  /** All that were completed, the time before measuring included. */
  readonly total: number;
  /** Milliseconds from REQUEST (or echo) to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Milliseconds from DISCOVER to OFFER. */
  readonly offer: { readonly p50: number; readonly p99: number };
  /** How much of its time the generator had nothing to do: near 0 it is itself the limit. */
  readonly idle: number;
  /** Longest time between two looks at the socket: a pause of the generator itself, in milliseconds. */
  readonly longestGap: number;
  /** When the first ACK came, on the machine's monotonic clock: nanoseconds as text. */
  readonly firstAckAt: string;
  readonly processorSeconds: number;
}
