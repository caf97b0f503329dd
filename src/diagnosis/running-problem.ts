/** The word by which health, page and metrics name what is wrong. */
export type ProblemName =
  | 'not-started' // it starts, or ends
  | 'listen-address' // where to listen is not there, not clear, or another machine's
  | 'listen-ip-conflict' // another machine has the listen IP too
  | 'interface-down'
  | 'unheard' // messages come to the interface, and do not reach the sockets
  | 'store' // nothing can be promised
  | 'directory' // nothing can be written where the lease file is
  | 'lease-file' // the SQLite file does not follow
  | 'peers' // others serve the pool, and share nothing
  | 'certificates' // those with which etcd is spoken to have ended, will, or cannot be read
  | 'cluster' // between the gateways that share their leases
  | 'clock' // it is in doubt
  | 'pool-full'
  | 'pool-nearly-full';

/** Something that is wrong now. */
export interface RunningProblem {
  readonly name: ProblemName;
  readonly message: string;
  /** What to do; empty: the message says it. */
  readonly remedy: string;
  /** True: a new guest gets no address for it. */
  readonly stopsNewGuests: boolean;
}

/** Whether a new guest would get an address; pool-full: it would not, and only for want of a free one. */
export type Verdict = 'served' | 'not-served' | 'pool-full';

export function verdictOf(problems: readonly RunningProblem[]): Verdict {
  const stopping = problems.filter(({ stopsNewGuests }) => stopsNewGuests);
  if (stopping.length === 0) return 'served';
  return stopping.every(({ name }) => name === 'pool-full') ? 'pool-full' : 'not-served';
}

/** One line: what is wrong, and the remedy. */
export function runningProblemToText({ message, remedy }: RunningProblem): string {
  return remedy === '' ? message : `${message}; ${remedy}`;
}

export const NOT_STARTED: RunningProblem = {
  name: 'not-started',
  message: 'it is starting or ending',
  remedy: 'ask again in some seconds; the log says what it waits for',
  stopsNewGuests: true,
};

export function interfaceDown(name: string): RunningProblem {
  return {
    name: 'interface-down',
    message: `the interface ${name} is down`,
    remedy: `ip link set ${name} up`,
    stopsNewGuests: true,
  };
}
