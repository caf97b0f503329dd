import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit, type YAMLMap } from 'yaml';
import { nearestTo } from '../nearest.ts';
import { type Origin, type Problem, SECRET_TEXT } from '../problem.ts';
import { SETTINGS, type SettingKey } from '../settings.ts';
import { FilePlaces, offsetOf } from './file-places.ts';
import { FILE_SCHEMA, KEYS_BY_FILE_NAME } from './file-schema.ts';
import { type FilePolicy, NO_FILE_POLICY, policyOfFile } from './policy/policy-of-file.ts';
import { POLICY_NAMES } from './policy/policy-schema.ts';

/** What a settings file says. */
export interface FileSettings {
  /** The values as text, as a variable would have them, each with its line and column. */
  readonly values: Readonly<Partial<Record<SettingKey, Origin>>>;
  /** What it says of guests; its problems are among the file's. */
  readonly policy: FilePolicy;
  readonly problems: readonly Problem[];
}

/** The most faults that are named, so that a file of another kind does not fill the screen. */
const MOST_PROBLEMS = 20;

const CORRECT = 'correct the YAML there';
const FORM = 'write a setting on each line: lease_time: 12h';
const NAMES_THE_FILE = ['config', 'config_watch', 'gateway_config', 'gateway_config_watch'];
const NOT_HERE = 'leave it out: a flag or a variable says which file is read, and whether it is watched';
const ALL_NAMES = 'docs/settings.md lists the names';

/**
 * Reads a settings file: YAML 1.2, one mapping of settings by their names. Every fault has the place where it stands.
 *
 * @param path As it was named, for messages.
 */
export function readSettingsFile(path: string, text: string): FileSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const file = new FilePlaces(path, text, lines);
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    message,
    at: pos[0],
  }));
  let hasAliases = false;
  visit(document, {
    // A few aliases can expand a small file into one that fills the memory.
    Alias: (_, { range }) => {
      hasAliases = true;
      faults.push({ message: 'has an alias: write the value itself in its place', at: range?.[0] ?? 0 });
    },
  });
  const broken = faults.map(({ message, at }) => file.problem(FILE, path, at, message, CORRECT));
  const { contents } = document;
  if (contents === null) return { values: {}, policy: NO_FILE_POLICY, problems: broken };
  if (!isMap(contents)) {
    const noMap = file.problem(FILE, path, 0, 'is no list of names and values', FORM);
    const problems = broken.length > 0 ? broken.slice(0, MOST_PROBLEMS) : [noMap];
    return { values: {}, policy: NO_FILE_POLICY, problems };
  }
  // What can be read of a broken file counts for the other checks, so that they do not speak of defaults.
  const content = hasAliases ? {} : (document.toJS() as unknown);
  const { values, problems } = settingsOf(contents as YAMLMap<Node, Node | null>, misshapen(content), file);
  const policy = policyOfFile(content as Readonly<Record<string, unknown>>, contents, file);
  return { values, policy, problems: [...broken, ...problems, ...policy.problems].slice(0, MOST_PROBLEMS) };
}

const FILE = SETTINGS.settingsFile.variable;

/** The names whose values have another shape than the schema says. Unknown names are not among them. */
function misshapen(content: unknown): ReadonlySet<string> {
  const { error } = FILE_SCHEMA.safeParse(content);
  return new Set(error?.issues.flatMap(({ path }) => (path.length === 0 ? [] : [String(path[0])])));
}

function settingsOf(
  contents: YAMLMap<Node, Node | null>,
  bad: ReadonlySet<string>,
  file: FilePlaces,
): Pick<FileSettings, 'values' | 'problems'> {
  const problems: Problem[] = [];
  const values: Partial<Record<SettingKey, Origin>> = {};
  for (const { key, value: node } of contents.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const setting = KEYS_BY_FILE_NAME.get(name);
    if (POLICY_NAMES.includes(name)) continue;
    if (setting === undefined) problems.push(unknownName(name, key, node, file));
    else if (bad.has(name) && node !== null) problems.push(shapeFault(setting, node, file));
    else {
      const written = textOf(node);
      if (written !== undefined && written.trim() !== '')
        values[setting] = file.origin(offsetOf(node ?? key), written);
    }
  }
  return { values, problems: problems.slice(0, MOST_PROBLEMS) };
}

function unknownName(name: string, key: Node, node: Node | null, file: FilePlaces): Problem {
  const isSecret = /secret|password|token/i.test(name);
  const remedy = remedyFor(name);
  const value = isSecret ? SECRET_TEXT : node === null ? undefined : file.textOf(node);
  return file.problem(name, value, offsetOf(key), 'no setting has this name', remedy);
}

/** A variable or a flag in place of the name here, or a name that is misspelt. */
function remedyFor(name: string): string {
  const words = name.toLowerCase().replaceAll('-', '_');
  if (NAMES_THE_FILE.includes(words)) return NOT_HERE;
  const own = words.replace(/^(gateway_)?(dhcp_)?(no_)?/, '');
  if (KEYS_BY_FILE_NAME.has(own))
    return /^(gateway_)?(dhcp_)?no_/.test(words) ? `write ${own}: off` : `its name here is ${own}`;
  const nearest = nearestTo(own, [...KEYS_BY_FILE_NAME.keys(), ...POLICY_NAMES]);
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
  const value = kind.isSecret === true ? SECRET_TEXT : file.textOf(at);
  return file.problem(variable, value, offsetOf(at), message, remedy);
}

/** As a variable would have it: a list with commas, a switch as on or off, a number as it is written. */
function textOf(node: Node | null): string | undefined {
  if (isSeq(node)) return node.items.map((item) => textOf(item as Node) ?? '').join(',');
  if (!isScalar(node) || node.value === null) return undefined;
  if (typeof node.value === 'boolean') return node.value ? 'on' : 'off';
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : String(node.value);
}
