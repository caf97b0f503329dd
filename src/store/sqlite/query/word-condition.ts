/** Columns of a lease that a word is looked for in, whatever it is made of; upper and lower case are the same. */
const TEXTS = ['hostname', 'vps_id', 'organization_id', 'reservation_id', 'node', 'port'];

const HAS_DIGITS_AND_DOTS = /^[\d.]+$/;
const IS_OF_CLIENT = /^[\da-f/]+$/i;
/** A word without a colon is found within one pair of a MAC. */
const IS_OF_MAC = /^([\da-f:]*:[\da-f:]*|[\da-f]{1,2})$/i;
const IS_PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** As SQL, and the values that it names. */
export interface SqlCondition {
  readonly sql: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/**
 * Whether a column has a part of text; upper and lower case are the same. It is NULL, not false, where the column is NULL.
 *
 * @param name Of the value in SQL; no other condition has one that begins with it.
 */
export function partOf(columns: readonly string[], part: string, name: string): SqlCondition {
  // LIKE knows upper and lower case of ASCII alone, and takes a third of the time.
  if (IS_PRINTABLE_ASCII.test(part))
    return {
      sql: anyOf(columns.map((column) => `${column} LIKE @${name}p ESCAPE '\\'`)),
      values: { [`${name}p`]: `%${part.replace(/[\\%_]/g, '\\$&')}%` },
    };
  return {
    sql: anyOf(columns.map((column) => `instr(folded(${column}), @${name}f) > 0`)),
    values: { [`${name}f`]: part.toLowerCase() },
  };
}

/**
 * Whether a lease has a word anywhere in what is shown of it. A column is looked at only if the word may be in it: the text of
 * an address or a MAC is made for each row, which is most of the work.
 */
export function wordCondition(word: string, name: string): SqlCondition {
  const texts = partOf(TEXTS, word, name);
  const sql = [texts.sql];
  const values: Record<string, string | number> = { ...texts.values };
  const isIn = (column: string) => {
    sql.push(`instr(${column}, @${name}w) > 0`);
    values[`${name}w`] = word.toLowerCase();
  };
  if (IS_OF_CLIENT.test(word)) isIn('client');
  if (HAS_DIGITS_AND_DOTS.test(word)) isIn('address');
  if (IS_OF_MAC.test(word)) {
    // Few MACs have these digits, and only for those is the text made.
    values[`${name}d`] = word.replaceAll(':', '').toLowerCase();
    values[`${name}w`] = word.toLowerCase();
    sql.push(`(instr(printf('%012x', hardware), @${name}d) > 0 AND instr(mac, @${name}w) > 0)`);
  }
  return { sql: anyOf(sql), values };
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(' OR ')})`;
}
