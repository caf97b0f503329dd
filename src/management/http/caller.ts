/** Who sends a request, and how it came. */
export interface Caller {
  /** unix: whoever may open the socket. */
  readonly via: 'unix' | 'tcp';
  /** The address that it came from; empty for the Unix socket. */
  readonly remote: string;
  /** Aborted when the caller closes the connection. */
  readonly gone?: AbortSignal;
}

/** Of the app: what the listener passes, and what the checks before a route have found out. */
export interface ApiEnvironment {
  Bindings: Caller;
  Variables: {
    /** The author in the history. */
    author: string;
    /** Whether this caller may change anything. */
    mayWrite: boolean;
    /** Aborted when the request's time is over. */
    signal: AbortSignal;
  };
}
