import type { SettingGroup } from '../../src/config/setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../../src/config/settings.ts';

const ABOUT: Readonly<Record<SettingGroup, string>> = {
  Segment: 'The network that the gateway serves, and who else is on it.',
  'Told to clients': 'What a client is told beside its address, if it asks for it.',
  Leases: 'How long, and where.',
  'Shared leases': 'Only where gateways share their leases: see [etcd.md](etcd.md).',
  Behaviour: 'How clients are treated: see [guests.md](guests.md).',
  'Who is served':
    'Everybody, unless something is set here. Who is not served gets no answer, is counted by the cause (`denied`, `not-allowed`, `unknown-client`), and is named by `vps-gateway health`: see [guests.md](guests.md#who-is-served).',
  Limits:
    'What one guest gets in a time. No guest that boots meets the defaults; what is refused is counted by its cause (`drops` in `vps-gateway health --json`).',
  'Settings file':
    'What is not said by a flag or a variable can stand in a file: see [above](#a-settings-file).',
  Log: 'Where the log goes is the business of whoever starts the gateway: it is written to standard output.',
  Management: 'What other programs read and order: see [operating.md](operating.md#the-management-api).',
};
const TOGETHER = { 'must-be-equal': 'must be equal', 'should-be-equal': 'should be equal' } as const;

/** The tables of docs/settings.md, a chapter for each group of settings. */
export function settingsTables(): string {
  const groups = [...new Set(SETTING_KEYS.map((key) => SETTINGS[key].group))];
  return groups.map((group) => chapterOf(group as SettingGroup)).join('\n\n');
}

function chapterOf(group: SettingGroup): string {
  const rows = SETTING_KEYS.filter((key) => SETTINGS[key].group === group).map(rowOf);
  return [
    `## ${group}`,
    '',
    ABOUT[group],
    '',
    '| Variable | Flag | Default | Meaning | Of gateways that share leases |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function rowOf(key: SettingKey): string {
  const row = SETTINGS[key];
  const shared = 'shared' in row ? TOGETHER[row.shared as keyof typeof TOGETHER] : '';
  return `| ${[code(row.variable), code(flagOf(key)), code(row.default), row.help, shared].join(' | ')} |`;
}

/** The form that changes something: `--no-` for a switch that is on. */
function flagOf(key: SettingKey): string | undefined {
  const { flag, kind, default: fallback } = SETTINGS[key];
  if (flag === undefined) return undefined;
  if (kind.isSwitch === true) return fallback === 'on' ? `--no-${flag}` : `--${flag}`;
  return `--${flag} <${kind.placeholder}>`;
}

/** Within a table a bar needs its backslash, in code too. */
function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text.replaceAll('|', '\\|')}\``;
}
