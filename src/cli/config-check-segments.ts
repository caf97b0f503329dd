import type { LoadedSettings, RejectedSettings } from '../config/loading/load-settings.ts';
import { problemToText } from '../config/problem.ts';
import { EXIT_STATUS } from '../errors.ts';
import type { CheckReport } from './check-report.ts';
import { type Output, writeSentences, writeTable } from './output/output.ts';
import { SETTING_COLUMNS } from './setting-columns.ts';

/** What `check` found for a list of segments. */
export interface SegmentsReport {
  readonly ok: boolean;
  /** The exit status of the command. */
  readonly status: number;
  /** Those of the list whose settings can be used. */
  readonly segments: readonly (CheckReport & { readonly segment: string })[];
  readonly warnings: readonly string[];
  /** What keeps all of them from starting. */
  readonly problems: readonly string[];
}

type Loaded = LoadedSettings | RejectedSettings;

/** Checks each segment of the list as one that is alone. */
export function checkSegments(loaded: Loaded, checkOf: (one: Loaded) => CheckReport): SegmentsReport {
  const segments = loaded.segments.map(({ name, ...own }) => {
    const one: LoadedSettings = { ok: true, ...own, warnings: [], segments: [] };
    return { segment: name, ...checkOf(one) };
  });
  const statuses = segments.map(({ status }) => status);
  return {
    ok: loaded.ok && segments.every(({ ok }) => ok),
    status: loaded.ok ? Math.max(...statuses) : EXIT_STATUS['bad-settings'],
    segments,
    warnings: loaded.warnings.map(problemToText),
    problems: loaded.ok ? [] : loaded.problems.map(problemToText),
  };
}

export function writeSegments(output: Output, { ok, segments, warnings, problems }: SegmentsReport): void {
  for (const report of segments) {
    writeSentences(output, [`segment ${report.segment}`, '']);
    writeTable(
      output,
      SETTING_COLUMNS,
      report.settings.filter(({ from }) => from !== 'default'),
    );
    const { listen } = report;
    writeSentences(output, [
      '',
      ...(listen === undefined
        ? []
        : [`listens on ${listen.listenIp} on ${listen.interface}, MTU ${listen.mtu}`]),
      ...report.warnings.map((warning) => `warning: ${warning}`),
      ...report.problems.map((problem) => `problem: ${problem}`),
      ...report.notes.map((note) => `note: ${note}`),
      '',
    ]);
  }
  writeSentences(output, [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...problems.map((problem) => `problem: ${problem}`),
    ...(ok ? ['no problems; settings that are not shown have their defaults'] : []),
  ]);
}
