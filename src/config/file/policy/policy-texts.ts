import { optionCode, optionFileName } from '../../../wire/option-text.ts';

/** One thing that a file says. */
export interface PolicyPart {
  /** `options.log_servers`, `classes.pxe`, `pxe.next_server`. */
  readonly name: string;
  readonly text: string;
  /** Where it stands in the file. */
  readonly path: readonly (string | number)[];
}

/**
 * What a file says of guests, in the order of their names. Two files that say the same have the same texts, whatever the order of
 * their members, and however they name an option.
 */
export function policyParts(content: Readonly<Record<string, unknown>>): readonly PolicyPart[] {
  const classes = Array.isArray(content['classes']) ? (content['classes'] as readonly unknown[]) : [];
  const named = classes.map((each) => Object.fromEntries(members(each)));
  const reservations = Array.isArray(content['reservations']) ? content['reservations'] : [];
  const parts = [
    ...members(content['options']).map(([name, value]) => partOf('options', optionNameOf(name), value, name)),
    ...members(content['pxe']).map(([name, value]) => partOf('pxe', name, value, name)),
    ...reservations.map((each: unknown, index) => {
      const { id, ...others } = Object.fromEntries(members(each));
      return partOf('reservations', String(id), others, index);
    }),
    ...named.map(({ name, ...others }, index) => partOf('classes', String(name), others, index)),
  ];
  // Their order counts too.
  if (named.length > 1)
    parts.push({ name: 'classes', text: named.map(({ name }) => name).join(', '), path: ['classes'] });
  return parts.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function partOf(member: string, name: string, value: unknown, key: string | number): PolicyPart {
  return { name: `${member}.${name}`, text: asOneLine(value), path: [member, key] };
}

function optionNameOf(name: string): string {
  const code = optionCode(name);
  return code === undefined ? name : optionFileName(code);
}

function members(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function asOneLine(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(sorted(value)) : String(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
