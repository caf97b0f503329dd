import { needsRestart, type RefusedChange } from '../config/needs-restart.ts';
import type { Settings } from '../config/settings.ts';
import type { ShownSetting } from '../config/shown-settings.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { Plan } from '../subnet/plan.ts';
import { planRefusals } from './plan-refusals.ts';

/** What a server is told to serve: at its start, and again when it is to change that while it runs. */
export interface Declaration {
  planOf(listen: ListenAddress): Plan;
  /** The settings that say so; absent: it was not made of settings. */
  readonly values?: Settings;
  /** The same, for whoever asks. */
  readonly settings?: readonly ShownSetting[];
}

/** What became of a declaration that a running server was given: all of it is in force, or nothing of it. */
export type Adoption =
  | { readonly kind: 'adopted' }
  | { readonly kind: 'refused'; readonly refusals: readonly RefusedChange[] };

/** The changes for which the server has to be started again; `listen`: where it serves now, if it does. */
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
