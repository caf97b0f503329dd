import type { SettingKind } from './setting-kinds.ts';

/** One setting: a row of the table of settings. */
export interface Setting<Value> {
  /** The heading above it in the help. */
  readonly group: SettingGroup;
  /** The environment variable. */
  readonly variable: string;
  /** Without its dashes; undefined: environment only. A switch also has the form `--no-<flag>`. */
  readonly flag: string | undefined;
  readonly kind: SettingKind<Value>;
  /** The value as an operator would write it; undefined: none. */
  readonly default: string | undefined;
  readonly help: string;
  /**
   * For gateways that share their leases. must-be-equal: they do not start unless it is equal on all of them.
   * should-be-equal: it may differ while the nodes are changed one by one. Absent: each gateway has its own value.
   */
  readonly shared?: 'must-be-equal' | 'should-be-equal';
  /**
   * Why a change of it takes a restart. Absent: a reload takes a change over in a running gateway.
   */
  readonly restart?: string;
}

/** Why a change takes a restart. */
export const AT_START = 'it is read at the start only';
export const WITH_STORE = 'the store of the leases is opened with it';

export type SettingGroup =
  | 'Segment'
  | 'Told to clients'
  | 'Leases'
  | 'Shared leases'
  | 'Behaviour'
  | 'Who is served'
  | 'Limits'
  | 'Settings file'
  | 'Log'
  | 'Management';

/** What the settings of these groups say counts for all segments of a process. */
const OF_PROCESS: readonly SettingGroup[] = ['Shared leases', 'Settings file', 'Log', 'Management'];

/** False: each segment of a process may have its own value. */
export function isOfProcess({ group }: Pick<Setting<unknown>, 'group'>): boolean {
  return OF_PROCESS.includes(group);
}

type Row<Value> = Omit<Setting<Value>, 'default'>;

/** A setting that always has a value. */
export function setting<Value>(fallback: string, row: Row<Value>): Row<Value> & { readonly default: string } {
  return { ...row, default: fallback };
}

/** A setting that may have no value. */
export function optional<Value>(row: Row<Value>): Row<Value> & { readonly default: undefined } {
  return { ...row, default: undefined };
}
