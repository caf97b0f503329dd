import { z } from 'zod';
import {
  LEASE_CONDITIONS,
  type LeaseCondition,
  type LeaseConditionName,
} from '../../store/sqlite/query/lease-conditions.ts';
import { FACETS, type Facet, type LeaseSort, SORT_COLUMNS } from '../../store/sqlite/query/lease-search.ts';
import { IDLE } from '../guests/listed-reservations.ts';
import { addressText, LIST_QUERY, macText, severalOf, text, timeText } from '../http/schemas.ts';

const STATES = ['bound', 'expired', 'free', 'declined', 'peer'];

const VALUES = {
  address: addressText,
  mac: macText,
  client: text,
  hostname: text,
  vps_id: text,
  organization_id: text,
  reservation_id: text,
  state: severalOf(STATES),
  node: text,
  port: text,
  q: text,
} as const satisfies Readonly<Record<LeaseConditionName, z.ZodType<string | number>>>;

/** What may be given as a list. */
const LISTS: readonly string[] = ['state', 'node'];

const ABOUT: Readonly<Partial<Record<LeaseConditionName, string>>> = {
  node: 'Those of this node, or of one of several, separated by commas',
  state: 'Those that are in it, or in one of several, separated by commas',
  hostname: 'A part of it; upper and lower case are the same',
  q: 'Words, each a part of the address, MAC, host name, client, an id, the port or the node',
};

const SORTS = Object.keys(SORT_COLUMNS) as readonly LeaseSort[];

/** `state` is one to have, `-state` one not to have. */
const FILTERS = Object.fromEntries(
  LEASE_CONDITIONS.flatMap((name) => [
    [name, VALUES[name].optional().meta({ description: ABOUT[name] ?? 'Those that have it' })],
    [`-${name}`, VALUES[name].optional().meta({ description: 'Those that do not have it' })],
  ]),
);

export const LEASE_QUERY = z.object({
  ...LIST_QUERY,
  ...FILTERS,
  at: timeText.optional().meta({
    description: 'Who had which address at this time, from the history; by address',
  }),
  sort: z
    .enum(SORTS.flatMap((sort) => [sort, `-${sort}`]))
    .default('address')
    .meta({ description: 'With a minus before it: descending' }),
  facets: z
    .string()
    .max(100)
    .transform((list, context): readonly Facet[] => {
      const names = list.split(',').map((name) => name.trim());
      const found = FACETS.filter((facet) => names.includes(facet));
      if (found.length === new Set(names).size) return found;
      context.addIssue(`is not a list of ${FACETS.join(', ')}`);
      return z.NEVER;
    })
    .optional()
    .meta({ description: `What to count by its values: ${FACETS.join(', ')}, separated by commas` }),
});

const GUEST_STATES = severalOf([...STATES, IDLE]).optional();

/** The same for leases and reservations in one list. */
export const GUEST_QUERY = LEASE_QUERY.omit({ at: true }).extend({
  state: GUEST_STATES.meta({ description: ABOUT.state }),
  '-state': GUEST_STATES.meta({ description: 'Those that are not' }),
  warning: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Those with a warning, or those without' }),
});

export type LeaseQuery = z.output<typeof LEASE_QUERY>;

export function conditionsOf(query: object): readonly LeaseCondition[] {
  const given = query as Readonly<Record<string, unknown>>;
  return LEASE_CONDITIONS.flatMap((name) =>
    [name, `-${name}`].flatMap((key) => {
      const value = given[key];
      const isNegated = key !== name;
      // Each word is somewhere; negated, none of them is anywhere.
      if (name === 'q' && typeof value === 'string')
        return value.split(/\s+/).flatMap((word) => (word === '' ? [] : [{ name, value: word, isNegated }]));
      if (typeof value === 'string' && LISTS.includes(name)) {
        const [first = '', ...orValues] = value.split(',').map((each) => each.trim());
        return [{ name, value: first, orValues, isNegated }];
      }
      return typeof value === 'string' || typeof value === 'number' ? [{ name, value, isNegated }] : [];
    }),
  );
}

export function orderOf({ sort }: Pick<LeaseQuery, 'sort'>): {
  readonly sort: LeaseSort;
  readonly isDescending: boolean;
} {
  const isDescending = sort.startsWith('-');
  const name = isDescending ? sort.slice(1) : sort;
  return { sort: SORTS.find((each) => each === name) ?? 'address', isDescending };
}
