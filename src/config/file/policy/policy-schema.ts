import { z } from 'zod';
import type { ReservationEntry } from '../../../lease/reservation/reservation.ts';
import { NO_TERMS } from '../../../subnet/own-terms.ts';
import type { Policy } from '../../../subnet/policy.ts';
import { CLASSES_SCHEMA } from './class-schema.ts';
import { optionsSchema, SETTINGS_OF_SEGMENT } from './option-schema.ts';
import { PXE_SCHEMA } from './pxe-schema.ts';
import { RESERVATIONS_SCHEMA } from './reservation-schema.ts';

/** What a settings file says of a segment's guests, by its names in the file. */
export const POLICY_MEMBERS = {
  options: optionsSchema(SETTINGS_OF_SEGMENT).nullable().optional(),
  classes: CLASSES_SCHEMA.nullable().optional(),
  pxe: PXE_SCHEMA.nullable().optional(),
  reservations: RESERVATIONS_SCHEMA.nullable().optional(),
};

export const POLICY_NAMES = Object.keys(POLICY_MEMBERS);

const POLICY = z.object(POLICY_MEMBERS);

/** The policy without its places. */
export interface ReadPolicy extends Pick<Policy, 'terms' | 'classes'> {
  readonly entries: readonly ReservationEntry[];
}

/** The policy, or what is wrong with it. Members that are none of its own are passed over. */
export function readPolicy(content: unknown): z.ZodSafeParseResult<ReadPolicy> {
  return POLICY.transform(({ options, classes, pxe, reservations }): ReadPolicy => {
    const own = options ?? { options: new Map(), always: new Set<number>() };
    return {
      terms: { ...NO_TERMS, ...own, boot: pxe ?? undefined },
      classes: classes ?? [],
      entries: reservations ?? [],
    };
  }).safeParse(content);
}
