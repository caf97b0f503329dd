import type { FilePolicy } from './file-policy.ts';

/** A segment has its own reservations, and no others. */
const OF_ENTRY = 'reservations';

/**
 * The policy of a segment: what its entry says, and of what it does not name, what stands above the list. A member is taken
 * as a whole: `options` of an entry take the place of all options above.
 *
 * Reservations are those of the entry alone: each segment has its own.
 *
 * @param named The members that the entry has: `options`, `classes`, `pxe`.
 */
export function mergePolicies(above: FilePolicy, own: FilePolicy, named: readonly string[]): FilePolicy {
  const from = (member: string) => (named.includes(member) ? own : above).policy;
  const { options, always } = from('options').terms;
  const isOverridden = ({ name }: { readonly name: string }) =>
    [...named, OF_ENTRY].some((member) => name === member || name.startsWith(`${member}.`));
  return {
    policy: {
      terms: { ...above.policy.terms, options, always, boot: from('pxe').terms.boot },
      classes: from('classes').classes,
      reservations: own.policy.reservations,
      said: [...above.policy.said.filter((said) => !isOverridden(said)), ...own.policy.said].sort(
        (one, other) => (one.name < other.name ? -1 : 1),
      ),
    },
    problems: own.problems,
    contradictions: (read) => [...own.contradictions(read), ...above.contradictions(read)],
  };
}
