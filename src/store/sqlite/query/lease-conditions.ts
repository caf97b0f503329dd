import { partOf, type SqlCondition, wordCondition } from './word-condition.ts';

type ToSql = (value: string | number, name: string) => SqlCondition;

function equal(column: string): ToSql {
  return (value, name) => ({ sql: `${column} = @${name}`, values: { [name]: value } });
}

/** What is compared: the column of the view, as a search selects it, and how. */
const CONDITIONS = {
  address: equal('position'),
  mac: equal('hardware'),
  client: equal('client'),
  hostname: (value, name) => partOf(["coalesce(hostname, '')"], String(value), name),
  vps_id: equal("coalesce(vps_id, '')"),
  organization_id: equal("coalesce(organization_id, '')"),
  reservation_id: equal("coalesce(reservation_id, '')"),
  state: equal('state'),
  node: equal("coalesce(node, '')"),
  port: equal("coalesce(port, '')"),
  q: (value, name) => wordCondition(String(value), name),
} as const satisfies Readonly<Record<string, ToSql>>;

export type LeaseConditionName = keyof typeof CONDITIONS;

/** One condition: the leases that have it, or all others. An address and a MAC are numbers. */
export interface LeaseCondition {
  readonly name: LeaseConditionName;
  readonly value: string | number;
  /** Further values: the leases that have any of all these. */
  readonly orValues?: readonly string[];
  readonly isNegated: boolean;
}

export const LEASE_CONDITIONS = Object.keys(CONDITIONS) as readonly LeaseConditionName[];

/** All of them as SQL, and the values that it names. A lease that has them gives 1; another 0 or NULL. */
export function sqlOf(conditions: readonly LeaseCondition[]): SqlCondition {
  const all = conditions.map(({ name, value, orValues = [], isNegated }, index) => {
    const either = [value, ...orValues].map((each, nth) => CONDITIONS[name](each, `c${index}_${nth}_`));
    const sql = `(${either.map((each) => each.sql).join(' OR ')})`;
    return { sql: isNegated ? `${sql} IS NOT TRUE` : sql, values: either.map((each) => each.values) };
  });
  return {
    sql: all.length === 0 ? '1' : all.map(({ sql }) => sql).join(' AND '),
    values: Object.assign({}, ...all.flatMap(({ values }) => values)),
  };
}
