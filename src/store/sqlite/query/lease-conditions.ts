/** What is compared: the column of the view, as `search` selects it, and how. */
const CONDITIONS = {
  address: (value: string) => `position = ${value}`,
  mac: (value: string) => `hardware = ${value}`,
  client: (value: string) => `client = ${value}`,
  hostname: (value: string) => `instr(folded(coalesce(hostname, '')), folded(${value})) > 0`,
  vps_id: (value: string) => `coalesce(vps_id, '') = ${value}`,
  organization_id: (value: string) => `coalesce(organization_id, '') = ${value}`,
  reservation_id: (value: string) => `coalesce(reservation_id, '') = ${value}`,
  state: (value: string) => `state = ${value}`,
  node: (value: string) => `coalesce(node, '') = ${value}`,
  port: (value: string) => `coalesce(port, '') = ${value}`,
  q: (value: string) => `(${ANY.map((column) => `instr(${column}, lower(${value})) > 0`).join(' OR ')})`,
} as const satisfies Readonly<Record<string, (value: string) => string>>;

const ANY = [
  'address',
  "coalesce(mac, '')",
  'client',
  "lower(coalesce(hostname, ''))",
  "lower(coalesce(vps_id, ''))",
  "lower(coalesce(organization_id, ''))",
  "lower(coalesce(reservation_id, ''))",
  "coalesce(port, '')",
  "lower(coalesce(node, ''))",
];

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

/** As SQL, and the values that it names. */
export function sqlOf(conditions: readonly LeaseCondition[]): {
  readonly sql: string;
  readonly values: Readonly<Record<string, string | number>>;
} {
  const values: Record<string, string | number> = {};
  const parts = conditions.map(({ name, value, orValues = [], isNegated }, index) => {
    const either = [value, ...orValues].map((each, place) => {
      values[`c${index}_${place}`] = each;
      return CONDITIONS[name](`@c${index}_${place}`);
    });
    return `${isNegated ? 'NOT ' : ''}(${either.join(' OR ')})`;
  });
  return { sql: parts.length === 0 ? '1' : parts.join(' AND '), values };
}
