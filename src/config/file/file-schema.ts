import { z } from 'zod';
import { isOfProcess } from '../setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../settings.ts';
import { LIST_NAME } from './list-name.ts';
import { POLICY_MEMBERS } from './policy/policy-schema.ts';

const VALUE = z.union([z.string(), z.number(), z.boolean()]);
const LIST = z.array(z.union([z.string(), z.number()])).max(4096);

/** The name of a segment in its entry, which is the setting `segment` elsewhere. */
const ENTRY_NAME = 'name';
/** How many segments one process serves at most. */
export const MOST_SEGMENTS = 64;

/** A setting's name in a settings file: `pool_start`. */
export function fileNameOf(key: SettingKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The settings that a settings file may have: all but those that say which file it is. */
const FILE_KEYS = SETTING_KEYS.filter((key) => SETTINGS[key].group !== 'Settings file');
/** Those that each segment may have for itself. */
const SEGMENT_KEYS = FILE_KEYS.filter((key) => key === 'segment' || !isOfProcess(SETTINGS[key]));

/** By their names in the file. */
export const KEYS_BY_FILE_NAME: ReadonlyMap<string, SettingKey> = new Map(
  FILE_KEYS.map((key) => [fileNameOf(key), key]),
);

/** By their names in an entry of the list of segments. */
export const SEGMENT_KEYS_BY_NAME: ReadonlyMap<string, SettingKey> = new Map(
  SEGMENT_KEYS.map((key) => [key === 'segment' ? ENTRY_NAME : fileNameOf(key), key]),
);

/** The shape of an entry. What a value may be is the business of its setting's kind. */
export const SEGMENT_SCHEMA: z.ZodObject = z.strictObject(
  Object.fromEntries([...SEGMENT_KEYS_BY_NAME].map(([name, key]) => [name, shapeOf(key)])),
);

/** The shape of a settings file but for its list of segments. */
export const FILE_SCHEMA: z.ZodObject = z.strictObject(
  Object.fromEntries([...KEYS_BY_FILE_NAME].map(([name, key]) => [name, shapeOf(key)])),
);

const ABOUT_LIST =
  'several segments, each a server of its own; what stands above the list counts for all of them';
const WHOLE_SCHEMA = FILE_SCHEMA.extend({
  ...POLICY_MEMBERS,
  [LIST_NAME]: z
    .array(SEGMENT_SCHEMA.extend(POLICY_MEMBERS))
    .max(MOST_SEGMENTS)
    .nullable()
    .optional()
    .describe(ABOUT_LIST),
});

function shapeOf(key: SettingKey): z.ZodType {
  const { help, kind, variable, default: fallback } = SETTINGS[key];
  const shape = kind.isList === true ? z.union([...VALUE.options, LIST]) : VALUE;
  const written = fallback === undefined ? '' : `; default ${fallback}`;
  return shape.nullable().optional().describe(`${help} (as ${variable}${written})`);
}

/** The shape as a JSON Schema, for editors that check a file while it is written. */
export function fileJsonSchema(): object {
  return {
    ...z.toJSONSchema(WHOLE_SCHEMA, { io: 'input' }),
    title: 'Settings file of vps-gateway',
  };
}
