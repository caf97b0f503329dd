import type { SettingKind } from './setting-kinds.ts';

/** What a setting is: one row of the table of all of them. */
export interface Setting<Value> {
  /** The heading that it stands under in the help. */
  readonly group: SettingGroup;
  /** The environment variable. */
  readonly variable: string;
  /** Without its dashes; undefined: environment only. A switch also has the form `--no-<flag>`. */
  readonly flag: string | undefined;
  readonly kind: SettingKind<Value>;
  /** As an operator would write it; undefined: no value. */
  readonly default: string | undefined;
  readonly help: string;
  /**
   * Of gateways that share their leases. agreed: all must have it alike, or they do not start. alike: they should, and may
   * differ while nodes are changed one by one. Absent: each has its own.
   */
  readonly shared?: 'agreed' | 'alike';
}

export type SettingGroup =
  | 'Segment'
  | 'Told to clients'
  | 'Leases'
  | 'Shared leases'
  | 'Behaviour'
  | 'Log'
  | 'Reserved';

type Row<Value> = Omit<Setting<Value>, 'default'>;

/** A setting that always has a value. */
export function setting<Value>(fallback: string, row: Row<Value>): Row<Value> & { readonly default: string } {
  return { ...row, default: fallback };
}

/** A setting that may be left open. */
export function open<Value>(row: Row<Value>): Row<Value> & { readonly default: undefined } {
  return { ...row, default: undefined };
}
