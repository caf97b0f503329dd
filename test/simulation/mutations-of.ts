import { HEARING_MUTATIONS } from './hearing-mutations.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import {
  HEARD_RESERVATION_MUTATIONS,
  RESERVATION_MUTATIONS,
  SHARED_RESERVATION_MUTATIONS,
  SHARES_RESERVATION_MUTATIONS,
} from './reservation-mutations.ts';
import { CLOCK_MUTATIONS, STALE_MUTATIONS } from './stale-mutations.ts';
import type { WayName } from './ways.ts';

/** The mistakes that are found in the worlds of a way, by their names. */
export function mutationsOf(way: WayName): ReadonlyMap<string, Mutation> {
  switch (way) {
    case 'etcd':
      return new Map([
        ...[...MUTATIONS, ...STALE_MUTATIONS],
        ...[...RESERVATION_MUTATIONS, ...SHARED_RESERVATION_MUTATIONS],
      ]);
    case 'hearing':
      return new Map([
        ...[...HEARING_MUTATIONS, ...STALE_MUTATIONS, ...CLOCK_MUTATIONS],
        ...[...RESERVATION_MUTATIONS, ...HEARD_RESERVATION_MUTATIONS],
      ]);
    case 'shares':
      return new Map([...CLOCK_MUTATIONS, ...RESERVATION_MUTATIONS, ...SHARES_RESERVATION_MUTATIONS]);
  }
}
