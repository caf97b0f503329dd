import type { Command } from 'commander';
import type { SettingChange } from '../config/loading/changed-settings.ts';
import { type ApiOptions, apiCommand, apiOf } from './api/api-command.ts';
import { jsonText } from './output/json.ts';
import { type Column, writeTable } from './output/output.ts';
import { type CommandSurroundings, surroundingsOfProcess } from './surroundings.ts';

interface Options extends ApiOptions {
  readonly dryRun?: boolean;
}

interface Answer {
  readonly outcome: 'unchanged' | 'would-reload' | 'reloaded';
  readonly changes: readonly SettingChange[];
  readonly warnings: readonly string[];
}

/** Shown where a change is not one of all segments. */
const SEGMENT: Column<SettingChange> = { heading: 'SEGMENT', cell: ({ segment }) => segment ?? 'all' };
const COLUMNS: readonly Column<SettingChange>[] = [
  { heading: 'SETTING', cell: ({ setting }) => setting },
  { heading: 'BEFORE', cell: ({ from }) => from ?? '-', wraps: true, least: 10 },
  { heading: 'AFTER', cell: ({ to }) => to ?? '-', wraps: true, least: 10 },
];

const VERDICTS = {
  unchanged:
    'nothing changes. Only the settings file is read again: variables and flags are those of the start',
  'would-reload': 'a reload would change this, and delay no packet',
  reloaded: 'the settings are in force',
} as const;

/** Adds `reload`. */
export function addReloadCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  apiCommand(program, 'reload', 'reads the settings file again: all changes take effect, or none')
    .option('--dry-run', 'only say what would change')
    .action((options: Options) => reload(options, surroundings));
}

async function reload(options: Options, { output, environment }: CommandSurroundings): Promise<void> {
  const answer = await apiOf(options, environment).order<Answer>({
    method: 'POST',
    path: '/reload',
    body: { dry_run: options.dryRun === true },
    remedies: {
      'needs-restart':
        'take these changes back, or restart the gateway (all gateways, where a line above says so)',
      'settings-have-faults': 'correct the file, then `vps-gateway reload --dry-run`',
    },
  });
  if (options.json === true) {
    output.write(jsonText(answer));
    return;
  }
  const columns = answer.changes.some(({ segment }) => segment !== undefined)
    ? [SEGMENT, ...COLUMNS]
    : COLUMNS;
  if (answer.changes.length > 0) writeTable(output, columns, answer.changes);
  for (const warning of answer.warnings) output.write(`warning: ${warning}\n`);
  output.write(`${VERDICTS[answer.outcome]}\n`);
}
