import { isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { ZodObject } from 'zod';
import { nearestTo } from '../nearest.ts';
import { type Origin, type Problem, SECRET_TEXT } from '../problem.ts';
import { SETTINGS, type SettingKey } from '../settings.ts';
import { type FilePlaces, offsetOf } from './policy/file-places.ts';

/** Values as text, as a variable would have them, each with its line and column. */
export type FileValues = Readonly<Partial<Record<SettingKey, Origin>>>;

/** The settings that a mapping of a file may have. */
export interface MappingScope {
  readonly schema: ZodObject;
  readonly keysByName: ReadonlyMap<string, SettingKey>;
  /** Names that are no single settings, and are read elsewhere. */
  readonly others: readonly string[];
  /** Why a name that is known elsewhere does not belong here, and what to do; undefined: it is not known elsewhere. */
  misplaced(name: string): readonly [message: string, remedy: string] | undefined;
}

export interface ReadMapping {
  readonly values: FileValues;
  readonly problems: readonly Problem[];
}

const NAMES_THE_FILE = ['config', 'config_watch', 'gateway_config', 'gateway_config_watch'];
const NOT_HERE = 'leave it out: a flag or a variable says which file is read, and whether it is watched';
const ALL_NAMES = 'docs/settings.md lists the names';
const NO_SUCH = 'no setting has this name';

/** @param content The mapping as values. */
export function readMapping(
  mapping: YAMLMap<Node, Node | null>,
  content: unknown,
  scope: MappingScope,
  file: FilePlaces,
): ReadMapping {
  const bad = misshapen(content, scope);
  const problems: Problem[] = [];
  const values: Partial<Record<SettingKey, Origin>> = {};
  for (const { key, value: node } of mapping.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const setting = scope.keysByName.get(name);
    if (scope.others.includes(name)) continue;
    if (setting === undefined) problems.push(unknownName(name, key, node, scope, file));
    else if (bad.has(name) && node !== null) problems.push(shapeFault(setting, node, file));
    else {
      const written = asVariable(node);
      if (written !== undefined && written.trim() !== '')
        values[setting] = file.origin(offsetOf(node ?? key), written);
    }
  }
  return { values, problems };
}

/** The names whose values have another shape than the schema says. Unknown names are not among them. */
function misshapen(content: unknown, { schema }: MappingScope): ReadonlySet<string> {
  const { error } = schema.safeParse(content);
  return new Set(error?.issues.flatMap(({ path }) => (path.length === 0 ? [] : [String(path[0])])));
}

function unknownName(
  name: string,
  key: Node,
  node: Node | null,
  scope: MappingScope,
  file: FilePlaces,
): Problem {
  const isSecret = /secret|password|token/i.test(name);
  const [message, remedy] = scope.misplaced(name) ?? [NO_SUCH, remedyFor(name, scope)];
  const value = isSecret ? SECRET_TEXT : node === null ? undefined : file.writtenText(node);
  return file.problem(name, value, offsetOf(key), message, remedy);
}

/** A variable or a flag in place of the name here, or a name that is misspelt. */
function remedyFor(name: string, { keysByName, others }: MappingScope): string {
  const words = name.toLowerCase().replaceAll('-', '_');
  if (NAMES_THE_FILE.includes(words)) return NOT_HERE;
  const own = words.replace(/^(gateway_)?(dhcp_)?(no_)?/, '');
  if (keysByName.has(own))
    return /^(gateway_)?(dhcp_)?no_/.test(words) ? `write ${own}: off` : `its name here is ${own}`;
  const nearest = nearestTo(own, [...keysByName.keys(), ...others]);
  return nearest === undefined ? ALL_NAMES : `did you mean ${nearest}?`;
}

function shapeFault(setting: SettingKey, node: Node, file: FilePlaces): Problem {
  const { kind, variable } = SETTINGS[setting];
  const [message, remedy] =
    kind.isList === true
      ? ['is neither one value nor a list of values', 'write one value, or a list of texts and numbers']
      : ['is not one value', 'write a text, a number, or on or off'];
  const isAllowed = (item: unknown) => isScalar(item) && ['string', 'number'].includes(typeof item.value);
  const part = kind.isList === true && isSeq(node) ? node.items.find((item) => !isAllowed(item)) : undefined;
  const at = (part ?? node) as Node;
  const value = kind.isSecret === true ? SECRET_TEXT : file.writtenText(at);
  return file.problem(variable, value, offsetOf(at), message, remedy);
}

/** As a variable would have it: a list with commas, a switch as on or off, a number as it is written. */
function asVariable(node: Node | null): string | undefined {
  if (isSeq(node)) return node.items.map((item) => asVariable(item as Node) ?? '').join(',');
  if (!isScalar(node) || node.value === null) return undefined;
  if (typeof node.value === 'boolean') return node.value ? 'on' : 'off';
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : String(node.value);
}
