import { SETTINGS_OF_SEGMENT } from '../../src/config/file/policy/option-schema.ts';
import { optionFileName } from '../../src/wire/option-text.ts';
import { OPTIONS } from '../../src/wire/options.ts';
import { REGISTRY_NAMES } from '../../src/wire/registry-names.ts';
import { whyNotSettable } from '../../src/wire/settable-options.ts';

/** The table of docs/options.md: every option that can be set by a name. */
export function optionsTable(): string {
  const rows = Object.values(OPTIONS)
    .filter(({ code }) => whyNotSettable(code) === undefined && code !== 12)
    .map(({ code, codec, section }) => {
      const setting = SETTINGS_OF_SEGMENT.get(code);
      const elsewhere = setting === undefined ? '' : `\`${setting}\``;
      const registry = REGISTRY_NAMES[code] ?? '';
      const cells = [
        code,
        `\`${optionFileName(code)}\``,
        registry,
        codec.type,
        `\`${codec.example}\``,
        elsewhere,
        section,
      ];
      return `| ${cells.join(' | ')} |`;
    });
  return [
    '| number | name | in the registry | type | for example | of all guests: the setting | where it is defined |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
