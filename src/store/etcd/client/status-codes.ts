import { EtcdError, type EtcdFault } from './etcd.ts';

/** The status codes of gRPC. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** A call that failed. The message is the member's own, or tells what is wrong with the connection. */
export class EtcdCallError extends Error {
  override readonly name = 'EtcdCallError';
  /** One of `STATUS`, or a code of a later gRPC. */
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The statuses of calls that certainly did nothing. With any other the call may have happened: a deadline, a lost
 * connection, a change of leader; etcd 3.4 reports its own deadline as UNKNOWN.
 */
const REFUSED: ReadonlySet<number> = new Set([
  STATUS.INVALID_ARGUMENT,
  STATUS.NOT_FOUND,
  STATUS.ALREADY_EXISTS,
  STATUS.PERMISSION_DENIED,
  STATUS.FAILED_PRECONDITION,
  STATUS.UNIMPLEMENTED,
  STATUS.UNAUTHENTICATED,
]);

/**
 * The refusals that a new token may end. etcd answers UNAUTHENTICATED to a token that it does not know, INVALID_ARGUMENT to
 * one from before a change of users or roles ("revision of auth store is old") and to a missing one ("user name is empty"),
 * and PERMISSION_DENIED where it judges a watch or a role by an old one.
 */
const OF_THE_TOKEN: ReadonlySet<number> = new Set([
  STATUS.UNAUTHENTICATED,
  STATUS.INVALID_ARGUMENT,
  STATUS.PERMISSION_DENIED,
]);
/** The same refusal by members of etcd that have no code for it: it is UNKNOWN there. */
const OLD_REVISION = 'auth: revision in header is old';

export function faultOf(error: unknown): EtcdFault {
  if (error instanceof EtcdError) return error.fault;
  const code = statusCodeOf(error);
  if (code === STATUS.OUT_OF_RANGE) return 'compacted';
  const isFull = code === STATUS.RESOURCE_EXHAUSTED && errorText(error).includes('database space exceeded');
  return isFull || (code !== undefined && REFUSED.has(code)) ? 'refused' : 'unknown';
}

/** Messages of etcd that tell an operator no remedy, each with one. */
const REMEDIES: readonly (readonly [said: string, remedy: string])[] = [
  // etcd's words for a call without a token.
  ['user name is empty', 'its authentication is on: set GATEWAY_ETCD_USER and GATEWAY_ETCD_PASSWORD'],
  [
    'invalid user ID or password',
    'see that etcd has the user of GATEWAY_ETCD_USER (etcdctl user list), and that GATEWAY_ETCD_PASSWORD is its password; a changed setting counts after a restart',
  ],
  [
    'permission denied',
    "its user's role needs all keys of the gateways: etcdctl role grant-permission <role> --prefix=true readwrite /vps-gateway/",
  ],
];

/** The error as an operator reads it. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = REMEDIES.find(([said]) => message.includes(said))?.[1];
  return remedy === undefined ? message : `${message}: ${remedy}`;
}

export function isOfTheToken(error: unknown): boolean {
  const code = statusCodeOf(error);
  if (code === STATUS.UNKNOWN) return errorText(error).includes(OLD_REVISION);
  return code !== undefined && OF_THE_TOKEN.has(code);
}

export function statusCodeOf(error: unknown): number | undefined {
  return error instanceof EtcdCallError ? error.code : undefined;
}
