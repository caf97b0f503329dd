/** The word by which health, page and metrics name what is wrong. */
export type ProblemName =
  | 'not-started' // the gateway starts, or ends
  | 'listen-address' // the listen IP is missing, not clear, or another machine's
  | 'listen-ip-conflict' // another machine has the listen IP too
  | 'interface-down'
  | 'unheard' // messages arrive at the interface and do not reach the sockets
  | 'store' // no lease can be stored, so none is promised
  | 'directory' // no file can be written in the leases directory
  | 'lease-file' // the SQLite file does not follow the leases in memory
  | 'peers' // a note: other gateways serve the pool, and share no leases with this one
  | 'gateway-gone' // one that was there does not answer ARP any more, or its process has ended
  | 'rogue-server' // a DHCP server that is none of ours gives guests addresses
  | 'certificates' // the certificates for etcd have ended, will end soon, or cannot be read
  | 'api' // the management API cannot be reached
  | 'api-certificate' // the certificate of the API has ended, will end soon, or cannot be read
  | 'cluster' // between the gateways that share their leases
  | 'settings' // a settings file could not be reloaded
  | 'hook' // a program or a server is not told when leases change
  | 'file-reservations' // some reservations of the settings file are not in force
  | 'rival-reservations' // one guest has two reservations
  | 'platform' // the port of the platform's protocol cannot be opened
  | 'clock' // the wall clock may be wrong
  | 'pool-full'
  | 'pool-nearly-full';

/** Something that is wrong now, or that an operator should know of. */
export interface RunningProblem {
  readonly name: ProblemName;
  readonly message: string;
  /**
   * What to do, in words, and commands in backticks; empty: the message says it. Like the message it begins small, and has no
   * full stop.
   */
  readonly remedy: string;
  /** True: because of it, a new guest gets no address. */
  readonly stopsNewGuests: boolean;
  /**
   * True: nothing is wrong. A gateway that is set up well says it for as long as it runs, so no verdict gets worse by it.
   * Absent: false.
   */
  readonly isNote?: true;
}

/**
 * problem: new guests get no address. warning: they do, and something is wrong. note: nothing is wrong. From the worst to the
 * best.
 */
export const PROBLEM_LEVELS = ['problem', 'warning', 'note'] as const;
export type ProblemLevel = (typeof PROBLEM_LEVELS)[number];

export function levelOf({
  stopsNewGuests,
  isNote,
}: Pick<RunningProblem, 'stopsNewGuests' | 'isNote'>): ProblemLevel {
  if (stopsNewGuests) return 'problem';
  return isNote === true ? 'note' : 'warning';
}

export function worstFirst(problems: readonly RunningProblem[]): readonly RunningProblem[] {
  return PROBLEM_LEVELS.flatMap((level) => problems.filter((problem) => levelOf(problem) === level));
}

/** Whether a new guest would get an address. pool-full: it would not, and the only reason is that no address is free. */
export type Verdict = 'served' | 'not-served' | 'pool-full';

export function verdictOf(problems: readonly RunningProblem[]): Verdict {
  const stopping = problems.filter(({ stopsNewGuests }) => stopsNewGuests);
  if (stopping.length === 0) return 'served';
  return stopping.every(({ name }) => name === 'pool-full') ? 'pool-full' : 'not-served';
}

/** One line: what is wrong, and the remedy. */
export function runningProblemToText({
  message,
  remedy,
}: Pick<RunningProblem, 'message' | 'remedy'>): string {
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
    remedy: `\`ip link set ${name} up\``,
    stopsNewGuests: true,
  };
}
