import type { z } from 'zod';
import { readPolicy } from './policy-schema.ts';

/** How often what is wrong is left out and the rest is read again. */
const MOST_READINGS = 4;

/**
 * All that is wrong with a policy. A value of a wrong shape among options keeps zod from reading the others: so it is left out,
 * and they are read again.
 *
 * @param issues Those of the first reading.
 */
export function allIssues(
  content: unknown,
  issues: readonly z.core.$ZodIssue[],
): readonly z.core.$ZodIssue[] {
  const found = new Map(issues.map((issue) => [issueKey(issue), issue]));
  let rest = content;
  let last = issues;
  for (let reading = 1; reading < MOST_READINGS; reading += 1) {
    const faulty = last.flatMap((issue) => optionIn(issue.path) ?? []);
    if (faulty.length === 0) break;
    rest = without(rest, faulty);
    const read = readPolicy(rest);
    if (read.success) break;
    last = read.error.issues;
    for (const issue of last) found.set(issueKey(issue), found.get(issueKey(issue)) ?? issue);
  }
  return [...found.values()];
}

type Path = readonly PropertyKey[];

function issueKey({ path, code, message }: z.core.$ZodIssue): string {
  return JSON.stringify([path.map(String), code, message]);
}

/** The path of the option that a path is of, in an array; undefined: of none. */
function optionIn(path: Path): readonly Path[] | undefined {
  const at = path.indexOf('options');
  return at < 0 || at + 1 >= path.length ? undefined : [path.slice(0, at + 2)];
}

function without(content: unknown, paths: readonly Path[]): unknown {
  const copy: unknown = structuredClone(content);
  for (const path of paths) {
    let holder = copy;
    for (const name of path.slice(0, -1))
      holder = (holder as Record<PropertyKey, unknown> | undefined)?.[name];
    if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, path.at(-1) ?? '');
  }
  return copy;
}
