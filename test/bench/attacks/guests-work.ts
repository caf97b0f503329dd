import type { Holding } from './guest.ts';

/** What the honest guests do; the parent hands it over as JSON. */
export interface GuestsWork {
  /** Guests with a lease before the attack: these are leased first; or they have these already. */
  readonly known: number | readonly Holding[];
  readonly newcomers: number;
  /** The first newcomer's hardware address. */
  readonly hardware: number;
  /** Newcomers begin within so long: milliseconds. */
  readonly within: number;
  /** It goes on at least and at most so long: milliseconds. */
  readonly least: number;
  readonly most: number;
  readonly server: { readonly address: string; readonly hardware: string };
}

/** The first line, before the attack. */
export interface KnownGuests {
  readonly known: readonly Holding[];
}

/** The last line. */
export interface GuestsResult {
  readonly newcomers: number;
  /** Milliseconds of those with a lease, ascending. */
  readonly bootedIn: readonly number[];
  readonly refused: number;
  readonly known: number;
  /** Known guests with the address of before. */
  readonly kept: number;
  readonly renewalsSent: number;
  readonly renewalsAnswered: number;
}
