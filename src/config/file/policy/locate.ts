import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { nearestTo } from '../../nearest.ts';
import type { Problem } from '../../problem.ts';
import { type FilePlaces, offsetOf } from './file-places.ts';

type Path = readonly PropertyKey[];

/** What is wrong with a part of a file, and where: a path of names and positions. */
export interface PartFault {
  readonly path: Path;
  /** True: with the last name itself. */
  readonly isOfName?: boolean;
  /** True: it may be that nothing stands there. */
  readonly mayBeMissing?: boolean;
  readonly message: string;
  readonly remedy: string;
}

const REMEDY = 'docs/options.md shows the form';

/** The faults that a schema has found, each in words of ours. */
export function faultsIn(
  issues: readonly z.core.$ZodIssue[],
  names: readonly string[],
): readonly PartFault[] {
  return issues.flatMap((issue) => faultsOf(issue, [], names));
}

function faultsOf(issue: z.core.$ZodIssue, before: Path, names: readonly string[]): readonly PartFault[] {
  const path = [...before, ...issue.path];
  switch (issue.code) {
    case 'custom': {
      const { remedy = REMEDY, isOfName = false } = issue.params ?? {};
      return [{ path, isOfName, message: issue.message, remedy: String(remedy) }];
    }
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const nearest = nearestTo(key.toLowerCase().replaceAll('-', '_'), names);
        const remedy = nearest === undefined || nearest === key ? REMEDY : `did you mean ${nearest}?`;
        return { path: [...path, key], isOfName: true, message: 'no member here has this name', remedy };
      });
    case 'invalid_union': {
      // What comes farthest is what was meant: a branch that has no more than another type does not fit at all.
      const fitting = issue.errors.find((branch) => branch.some((each) => !isOtherType(each)));
      if (fitting !== undefined) return fitting.flatMap((each) => faultsOf(each, path, names));
      return [{ path, mayBeMissing: true, message: 'has not the form that is wanted here', remedy: REMEDY }];
    }
    case 'invalid_type':
      return [
        {
          path,
          mayBeMissing: true,
          message: `is not ${TYPES[issue.expected] ?? issue.expected}`,
          remedy: REMEDY,
        },
      ];
    case 'invalid_value':
      return [
        { path, message: 'is not known here', remedy: `write ${issue.values.map(String).join(' or ')}` },
      ];
    case 'too_big':
      return [
        {
          path,
          message: `is too large, or too long: ${issue.maximum} at most`,
          remedy: 'leave those that matter',
        },
      ];
    case 'too_small':
      return [{ path, message: 'is empty, or too small', remedy: 'write a value, or leave it out' }];
    default:
      return [{ path, mayBeMissing: true, message: 'has not the form that is wanted here', remedy: REMEDY }];
  }
}

function isOtherType({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_union');
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'names and values',
  record: 'names and values',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  boolean: 'true or false',
};

/** The fault with its line and column; of a member that is missing, those of what it is missing in. */
export function problemAt(
  { path, isOfName = false, mayBeMissing = false, message, remedy }: PartFault,
  root: Node,
  file: FilePlaces,
): Problem {
  const { node, key, isThere } = nodeAt(path, root);
  const what = isThere || !mayBeMissing ? message : 'is missing';
  const place = isOfName ? key : node;
  const text = isOfName || isThere ? file.writtenText(isOfName ? key : node) : undefined;
  return file.problem(nameOf(path), text, offsetOf(place), what, remedy);
}

/** The line and column of a part. */
export function placeOf(path: Path, root: Node, file: FilePlaces): string {
  return file.origin(offsetOf(nodeAt(path, root).key), undefined).name;
}

/** `classes[0].match.mac`. */
function nameOf(path: Path): string {
  return path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name === '' ? String(part) : `${name}.${String(part)}`,
    '',
  );
}

function nodeAt(path: Path, root: Node): { node: Node; key: Node; isThere: boolean } {
  let node = root;
  let key = root;
  for (const part of path) {
    const pair = isMap(node)
      ? node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(part))
      : undefined;
    const item = isSeq(node) ? node.items[Number(part)] : undefined;
    const next = pair === undefined ? item : (pair.value ?? pair.key);
    if (!isNode(next)) return { node, key, isThere: false };
    key = isNode(pair?.key) ? pair.key : next;
    node = next;
  }
  return { node, key, isThere: true };
}
