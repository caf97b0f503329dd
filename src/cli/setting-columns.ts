import type { ShownSetting } from '../config/loading/shown-settings.ts';
import type { Column } from './output/output.ts';

export const SETTING_COLUMNS: readonly Column<ShownSetting>[] = [
  { heading: 'SETTING', cell: ({ setting }) => setting },
  { heading: 'VALUE', cell: ({ value, derived }) => value ?? derived ?? null, wraps: true, least: 20 },
  { heading: 'FROM', cell: fromText, wraps: true, least: 11 },
];

/** Where the value came from. A variable is named only if it is not the setting's own. */
function fromText({ setting, from, derived }: ShownSetting): string {
  if (derived !== undefined) return 'derived';
  return from === `environment ${setting}` ? 'environment' : from;
}
