import { z } from 'zod';
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../settings.ts';
import { POLICY_MEMBERS } from './policy/policy-schema.ts';

const VALUE = z.union([z.string(), z.number(), z.boolean()]);
const LIST = z.array(z.union([z.string(), z.number()])).max(4096);

/** A setting's name in a settings file: `pool_start`. */
export function fileNameOf(key: SettingKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The settings that a settings file may have: all but those that say which file it is. */
const FILE_KEYS = SETTING_KEYS.filter((key) => SETTINGS[key].group !== 'Settings file');

/** By their names in the file. */
export const KEYS_BY_FILE_NAME: ReadonlyMap<string, SettingKey> = new Map(
  FILE_KEYS.map((key) => [fileNameOf(key), key]),
);

/** The shape of a settings file. What a value may be is the business of its setting's kind. */
export const FILE_SCHEMA: z.ZodObject = z.strictObject(
  Object.fromEntries(FILE_KEYS.map((key) => [fileNameOf(key), shapeOf(key)])),
);

function shapeOf(key: SettingKey): z.ZodType {
  const { help, kind, variable, default: fallback } = SETTINGS[key];
  const shape = kind.isList === true ? z.union([...VALUE.options, LIST]) : VALUE;
  const written = fallback === undefined ? '' : `; default ${fallback}`;
  return shape.nullable().optional().describe(`${help} (as ${variable}${written})`);
}

/** The shape as a JSON Schema, for editors that check a file while it is written. */
export function fileJsonSchema(): object {
  return {
    ...z.toJSONSchema(FILE_SCHEMA.extend(POLICY_MEMBERS), { io: 'input' }),
    title: 'Settings file of vps-gateway',
  };
}
