type SnakeCase<Name extends string> = string extends Name
  ? Name
  : Name extends `${infer First}${infer Rest}`
    ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
    : '';

/** A value as `--json` prints it: the names of its members are in snake case. */
export type Printed<Value> = Value extends readonly (infer Item)[]
  ? readonly Printed<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value as Name extends string ? SnakeCase<Name> : Name]: Printed<Value[Name]> }
    : Value;
