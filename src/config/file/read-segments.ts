import { isMap, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Origin, Problem } from '../problem.ts';
import { KEYS_BY_FILE_NAME, MOST_SEGMENTS, SEGMENT_KEYS_BY_NAME, SEGMENT_SCHEMA } from './file-schema.ts';
import { LIST_NAME } from './list-name.ts';
import { type FilePlaces, offsetOf } from './policy/file-places.ts';
import type { FilePolicy } from './policy/file-policy.ts';
import { mergePolicies } from './policy/merge-policies.ts';
import { policyOfFile } from './policy/policy-of-file.ts';
import { POLICY_NAMES } from './policy/policy-schema.ts';
import { type FileValues, type MappingScope, readMapping } from './read-mapping.ts';

/** One entry of the list of segments. */
export interface FileSegment {
  /** Where it begins. */
  readonly at: Origin;
  readonly values: FileValues;
  /** With what stands above the list. */
  readonly policy: FilePolicy;
}

export interface FileSegments {
  readonly segments: readonly FileSegment[];
  readonly problems: readonly Problem[];
}

const ENTRY = 'write an entry for each segment: - name: tenant-a, and its settings below';
const ONE_SEGMENT = 'or leave it out, where there is one segment';
const IN_ENTRY: MappingScope = {
  schema: SEGMENT_SCHEMA,
  keysByName: SEGMENT_KEYS_BY_NAME,
  others: POLICY_NAMES,
  misplaced: (name) => {
    if (name === 'segment') return ['is no setting of an entry', 'its name here is name'];
    return KEYS_BY_FILE_NAME.has(name)
      ? ['is a setting of the whole process', `write it above the list, beside ${LIST_NAME}`]
      : undefined;
  },
};

/**
 * @param content The list as values.
 * @param above What the file says of guests above the list.
 */
export function readSegments(
  node: Node,
  content: unknown,
  above: FilePolicy,
  file: FilePlaces,
): FileSegments {
  const items = isSeq(node) ? node.items : [];
  const fault = faultOfList(node, items.length);
  if (fault !== undefined) {
    const [message, remedy] = fault;
    return {
      segments: [],
      problems: [file.problem(LIST_NAME, file.writtenText(node), offsetOf(node), message, remedy)],
    };
  }
  const contents = Array.isArray(content) ? (content as readonly unknown[]) : [];
  const read = items.map((item, index) => readEntry(item as Node, contents[index], above, file));
  return {
    segments: read.flatMap(({ segments }) => segments),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function faultOfList(node: Node, length: number): readonly [string, string] | undefined {
  if (!isSeq(node)) return ['is no list of segments', ENTRY];
  if (length === 0) return ['has no segment', `${ENTRY}; ${ONE_SEGMENT}`];
  return length > MOST_SEGMENTS
    ? [`has more than ${MOST_SEGMENTS} segments`, 'divide them over several processes']
    : undefined;
}

function readEntry(node: Node, content: unknown, above: FilePolicy, file: FilePlaces): FileSegments {
  if (!isMap(node)) {
    const problem = file.problem(LIST_NAME, file.writtenText(node), offsetOf(node), 'is no segment', ENTRY);
    return { segments: [], problems: [problem] };
  }
  const { values, problems } = readMapping(node as YAMLMap<Node, Node | null>, content, IN_ENTRY, file);
  const at = file.origin(offsetOf(node), undefined);
  const members = (content ?? {}) as Readonly<Record<string, unknown>>;
  const own = policyOfFile(members, node, file);
  const named = POLICY_NAMES.filter((name) => (members[name] ?? null) !== null);
  const policy = mergePolicies(above, own, named);
  return { segments: [{ at, values, policy }], problems: [...problems, ...own.problems] };
}
