import type { ShownSetting } from '../../config/loading/shown-settings.ts';
import { needsRestart, type RefusedChange } from '../../config/needs-restart.ts';
import type { Settings } from '../../config/settings.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { FileReservation } from '../../subnet/policy.ts';
import { planRefusals } from './plan-refusals.ts';

/** What a server serves: given at its start, and again for each change while it runs. */
export interface Declaration {
  planOf(listen: ListenAddress): Plan;
  /** The settings that the plan is made from; absent: it was not made from settings. */
  readonly values?: Settings;
  /** The reservations of the settings file. */
  readonly reservations?: readonly FileReservation[];
  /** The settings as they are shown to operators. */
  readonly settings?: readonly ShownSetting[];
}

/** The result of a new declaration: all of it is in force, or nothing of it. */
export type Adoption =
  | { readonly kind: 'adopted' }
  | { readonly kind: 'refused'; readonly refusals: readonly RefusedChange[] };

/**
 * The changes that need a restart of the server.
 *
 * @param listen The address that is served now; undefined: none.
 */
export function refusalsOf(
  before: Declaration,
  after: Declaration,
  listen: ListenAddress | undefined,
  isShared: boolean,
): readonly RefusedChange[] {
  const bySettings =
    before.values === undefined || after.values === undefined
      ? []
      : needsRestart(before.values, after.values, isShared);
  const byPlan = listen === undefined ? [] : planRefusals(before.planOf(listen), after.planOf(listen));
  return [
    ...bySettings,
    ...byPlan.filter((one) => !bySettings.some(({ setting }) => setting === one.setting)),
  ];
}
