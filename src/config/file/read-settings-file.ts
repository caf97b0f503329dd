import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Problem } from '../problem.ts';
import { SETTINGS } from '../settings.ts';
import { excessIn } from './excess.ts';
import { FilePlaces, offsetOf } from './file-places.ts';
import { FILE_SCHEMA, KEYS_BY_FILE_NAME, LIST_NAME } from './file-schema.ts';
import { type FilePolicy, NO_FILE_POLICY, policyOfFile } from './policy/policy-of-file.ts';
import { POLICY_NAMES } from './policy/policy-schema.ts';
import { type FileValues, type MappingScope, readMapping } from './read-mapping.ts';
import { type FileSegment, readSegments } from './read-segments.ts';

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

const CORRECT = 'correct the YAML there';
const TOO_MUCH = 'take some out; or name another file, if this is none of settings';
const NO_MAPPING = 'is no list of names and values';
/** What stands where octets were that are no UTF-8, and what most octets of UTF-16 are. */
const NO_TEXT = /[\ufffd\0]/;
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
  const { faults, hasAliases } = faultsOf(document);
  const broken = faults
    .slice(0, MOST_PROBLEMS)
    .map(({ message, at }) => file.problem(FILE, path, at, message, CORRECT));
  const { contents } = document;
  if (contents === null) return unread(...broken);
  if (!isMap(contents))
    return unread(...(broken.length > 0 ? broken : [file.problem(FILE, path, 0, NO_MAPPING, FORM)]));
  // What can be read of a broken file counts for the other checks, so that they do not speak of defaults.
  const content = hasAliases ? {} : (document.toJS() as unknown);
  const { problems, ...read } = settingsOf(contents as YAMLMap<Node, Node | null>, content, file);
  return { ...read, problems: [...broken, ...problems].slice(0, MOST_PROBLEMS) };
}

function unread(...problems: readonly Problem[]): FileSettings {
  return { values: {}, policy: NO_FILE_POLICY, problems };
}

interface YamlFault {
  readonly message: string;
  readonly at: number;
}

/** What is wrong with the file whatever it means; its numbers become what stands there. */
function faultsOf(document: Document.Parsed): { faults: readonly YamlFault[]; hasAliases: boolean } {
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
    Scalar: (_, node) => {
      // An identifier 00112233 is not 112233, nor is the name 1e3 the name 1000.
      if (typeof node.value === 'number') node.value = asWritten(node.value, node.source);
      else if (typeof node.value === 'string' && NO_TEXT.test(node.value))
        faults.push({ message: 'is no text in UTF-8', at: node.range?.[0] ?? 0 });
    },
  });
  return { faults, hasAliases };
}

function asWritten(value: number, source = String(value)): string | number {
  return String(value) === source ? value : source;
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
