/**
 * What somebody else calls a thing: a reservation, an organization, a VPS. Text of 1 to 64 characters (UTF-16 units)
 * without control characters, line ends, invisible characters, or a space at either end.
 */
export type OutsideId = string & { readonly __brand: 'OutsideId' };

/** At most 192 bytes in UTF-8: their number fits into a byte. */
const MOST_CHARACTERS = 64;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * RFC 3986 §5.2.4: `.` and `..` are taken out of a path, also where they are written in percent: what is named so could be made and
 * never be asked for again.
 */
export function canBeInPath(id: string): boolean {
  return id !== '.' && id !== '..';
}

export function isOutsideId(value: unknown): value is OutsideId {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MOST_CHARACTERS &&
    value.trim() === value &&
    !UNPRINTABLE.test(value)
  );
}
