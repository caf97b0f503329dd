import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../problem.ts';
import { SETTINGS } from '../settings.ts';
import { excessIn } from './excess.ts';
import { FILE_SCHEMA, KEYS_BY_FILE_NAME } from './file-schema.ts';
import { LIST_NAME } from './list-name.ts';
import { FilePlaces, offsetOf } from './policy/file-places.ts';
import { type FilePolicy, NO_FILE_POLICY } from './policy/file-policy.ts';
import { policyOfFile } from './policy/policy-of-file.ts';
import { POLICY_NAMES } from './policy/policy-schema.ts';
import { type FileValues, type MappingScope, readMapping } from './read-mapping.ts';
import { type FileSegment, readSegments } from './read-segments.ts';
import { yamlFaults } from './yaml-faults.ts';

/** What a settings file says. */
export interface FileSettings {
  readonly values: FileValues;
  /** What it says of guests; its problems are among the file's. */
  readonly policy: FilePolicy;
  /** Absent: it has no list of segments, so there is one. */
  readonly segments?: readonly FileSegment[];
  readonly problems: readonly Problem[];
}

/** The most faults that are named, so that a file of another kind does not fill the screen. */
const MOST_PROBLEMS = 20;

const TOO_MUCH = 'take some out; or name another file, if this is none of settings';
const NO_MAPPING = 'is no list of names and values';
const FORM = 'write a setting on each line: lease_time: 12h';

/**
 * Reads a settings file: YAML 1.2, one mapping of settings by their names. Every fault has the place where it stands.
 *
 * @param path As it was named, for messages.
 */
export function readSettingsFile(path: string, text: string): FileSettings {
  const lines = new LineCounter();
  const file = new FilePlaces(path, text, lines);
  const excess = excessIn(text, lines);
  if (excess !== undefined) return unread(file.problem(FILE, path, excess.at, excess.message, TOO_MUCH));
  const document = parseDocument(text, { prettyErrors: false, stringKeys: true });
  const { faults, isBroken, isReadable } = yamlFaults(document);
  const broken = faults
    .slice(0, MOST_PROBLEMS)
    .map(({ message, at, remedy }) => file.problem(FILE, path, at, message, remedy));
  const { contents } = document;
  if (contents === null) return unread(...broken);
  if (!isMap(contents))
    return unread(...(broken.length > 0 ? broken : [file.problem(FILE, path, 0, NO_MAPPING, FORM)]));
  // What can be read of a broken file counts for the other checks, so that they do not speak of defaults.
  const content = isReadable ? (document.toJS() as unknown) : {};
  const { problems, ...read } = settingsOf(contents as YAMLMap<Node, Node | null>, content, file);
  const all = isBroken ? broken : [...broken, ...problems];
  return { ...read, problems: all.slice(0, MOST_PROBLEMS) };
}

function unread(...problems: readonly Problem[]): FileSettings {
  return { values: {}, policy: NO_FILE_POLICY, problems };
}

const FILE = SETTINGS.settingsFile.variable;
const WHOLE_FILE: MappingScope = {
  schema: FILE_SCHEMA,
  keysByName: KEYS_BY_FILE_NAME,
  others: [LIST_NAME, ...POLICY_NAMES],
  misplaced: () => undefined,
};

const RESERVATIONS = 'reservations';
const ABOVE_LIST = ['are those of no segment here', 'write them in the entry of their segment'] as const;

function settingsOf(contents: YAMLMap<Node, Node | null>, content: unknown, file: FilePlaces): FileSettings {
  const { values, problems: faults } = readMapping(contents, content, WHOLE_FILE, file);
  const members = content as Readonly<Record<string, unknown>>;
  const policy = policyOfFile(members, contents, file);
  const problems = [...faults, ...policy.problems];
  const list = contents.get(LIST_NAME, true) as Node | undefined;
  if (list === undefined || (isScalar(list) && list.value === null)) return { values, policy, problems };
  const read = readSegments(list, members[LIST_NAME], policy, file);
  const ofNone = contents.items.filter(({ key }) => isScalar(key) && key.value === RESERVATIONS);
  const misplaced = ofNone.map(({ key }) =>
    file.problem(RESERVATIONS, undefined, offsetOf(key), ...ABOVE_LIST),
  );
  return { values, policy, segments: read.segments, problems: [...problems, ...misplaced, ...read.problems] };
}
