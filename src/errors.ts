/**
 * Every error that the operator or the machine causes, as opposed to the network (an ordinary value) and to
 * ourselves (an assertion). The message names what is wrong, the value, and the remedy.
 */
export type ErrorCode =
  | 'bad-settings'
  | 'listen-ip-missing'
  | 'interface-missing'
  | 'rival-server'
  | 'transport-unavailable'
  | 'port-forbidden'
  | 'store-locked'
  | 'store-newer'
  | 'store-unusable'
  | 'store-failed'
  | 'etcd-unavailable'
  | 'cluster-state'
  | 'lab-unavailable'
  | 'output-failed'
  | 'no-gateway'
  | 'refused'
  | 'outcome-unknown'
  | 'not-found'
  | 'broken';

/** Exit status by code: sysexits.h where it has a word for it (78 EX_CONFIG, 69 EX_UNAVAILABLE, 70 EX_SOFTWARE, 74 EX_IOERR, 75
 * EX_TEMPFAIL, 65 EX_DATAERR). */
export const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  'bad-settings': 78,
  'listen-ip-missing': 78,
  'interface-missing': 78,
  'rival-server': 69,
  'transport-unavailable': 69,
  'port-forbidden': 69,
  'store-locked': 69,
  'store-newer': 78,
  'store-unusable': 74,
  'store-failed': 74,
  'etcd-unavailable': 69,
  'cluster-state': 65,
  'lab-unavailable': 69,
  'output-failed': 74,
  'no-gateway': 69,
  refused: 65,
  'outcome-unknown': 75,
  'not-found': 1,
  broken: 70,
};

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** The code that Node and SQLite give an error: `ENOSPC`, `SQLITE_FULL`; all of it as text, if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
