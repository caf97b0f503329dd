import type { OptionBlock } from '../wire/reply.ts';
import type { NetworkBoot } from './boot.ts';
import type { RenewalRule } from './renewal.ts';

/** What the settings say to some guests, beside or instead of what all of the segment are told. */
export interface OwnTerms {
  /** By code, encoded once for all replies. */
  readonly options: ReadonlyMap<number, OptionBlock>;
  /** The codes that are sent whether or not they are asked for, if they are set. */
  readonly always: ReadonlySet<number>;
  /** Seconds; undefined: as everybody. */
  readonly leaseTime: number | undefined;
  readonly renewal: RenewalRule;
  readonly boot: NetworkBoot | undefined;
}

export const NO_TERMS: OwnTerms = {
  options: new Map(),
  always: new Set(),
  leaseTime: undefined,
  renewal: {},
  boot: undefined,
};
