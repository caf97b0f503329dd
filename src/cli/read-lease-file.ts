import { spanText } from '../detection/clock-status.ts';
import { type LeaseReader, openLeaseReader } from '../store/sqlite/lease-reader.ts';
import { type LeaseFolderOptions, leaseFolder } from './chosen-segment.ts';
import type { CommandSurroundings } from './surroundings.ts';

/** A gateway that reaches etcd notes that every few seconds. */
const STALE_SECONDS = 10;

/**
 * Reads the lease file that the options name. Of a copy of shared leases that may be out of date it is said how old it is.
 *
 * @throws GatewayError if it cannot be read.
 */
export function readLeaseFile(
  options: LeaseFolderOptions,
  { environment, remark }: Pick<CommandSurroundings, 'environment' | 'remark'>,
  run: (reader: LeaseReader) => void,
): void {
  const reader = openLeaseReader(leaseFolder(options, environment));
  try {
    const age = ageToText(reader);
    if (age !== undefined) remark(age);
    run(reader);
  } finally {
    reader.close();
  }
}

/** Undefined: the leases are this node's own, or as new as in etcd. */
function ageToText(reader: LeaseReader): string | undefined {
  const mirror = reader.mirrorState();
  if (mirror === undefined || mirror.age_seconds < STALE_SECONDS) return undefined;
  return `copy of etcd's leases as of ${spanText(mirror.age_seconds)} ago (${mirror.seen}): what other gateways have done since is not in it`;
}
