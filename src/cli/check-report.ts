import type { ShownSetting } from '../config/loading/shown-settings.ts';
import { type Output, writeSentences, writeTable } from './output/output.ts';
import { SETTING_COLUMNS } from './setting-columns.ts';

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

/** Prints it for people. */
export function writeReport(output: Output, report: CheckReport): void {
  if (report.settings.length > 0) writeTable(output, SETTING_COLUMNS, report.settings);
  const sentences: string[] = report.settings.length > 0 ? [''] : [];
  if (report.listen !== undefined) {
    const { listenIp, prefixLength, interface: name, mtu } = report.listen;
    sentences.push(`listens on ${listenIp}/${prefixLength} on ${name}, MTU ${mtu}`);
  }
  sentences.push(...report.warnings.map((warning) => `warning: ${warning}`));
  sentences.push(...report.problems.map((problem) => `problem: ${problem}`));
  sentences.push(...report.notes.map((note) => `note: ${note}`));
  if (report.ok)
    sentences.push(report.warnings.length === 0 ? 'no problems' : 'no problems beside the warnings');
  writeSentences(output, sentences);
}
