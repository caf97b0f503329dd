import type { ShownSetting } from '../config/shown-settings.ts';

/** What `check` found. */
export interface CheckReport {
  readonly ok: boolean;
  /** The exit status of the command. */
  readonly status: number;
  /** Empty if the settings file could not be read: what is known then are not the settings that are meant. */
  readonly settings: readonly ShownSetting[];
  readonly listen:
    | {
        readonly listenIp: string;
        readonly interface: string;
        readonly prefixLength: number;
        readonly mtu: number;
      }
    | undefined;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
  /** What could not be checked. */
  readonly notes: readonly string[];
}
