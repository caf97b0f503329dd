import { status } from '@grpc/grpc-js';
import { EtcdError, type EtcdFault } from './etcd.ts';

/**
 * What certainly did not happen, by gRPC's status. Everything else may have: a deadline, a lost connection, a change of
 * leader; etcd 3.4 says its own deadline as UNKNOWN.
 */
const REFUSED: ReadonlySet<number> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]);

export function faultOf(error: unknown): EtcdFault {
  if (error instanceof EtcdError) return error.fault;
  const code = codeOf(error);
  if (code === status.OUT_OF_RANGE) return 'compacted';
  const isFull = code === status.RESOURCE_EXHAUSTED && messageOf(error).includes('database space exceeded');
  return isFull || (code !== undefined && REFUSED.has(code)) ? 'refused' : 'unknown';
}

/** What an operator reads of it. */
export function textOf(error: unknown): string {
  // Only our own deadline cancels a call.
  if (codeOf(error) === status.CANCELLED) return 'no answer in time';
  const message = messageOf(error);
  const [, cause] =
    /^14 UNAVAILABLE: .*Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(message) ?? [];
  return cause ?? message;
}

/** etcd's token has run out, or it was restarted and has forgotten it. */
export function isTokenRefused(error: unknown): boolean {
  return codeOf(error) === status.UNAUTHENTICATED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
