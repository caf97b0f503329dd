import { faultOf } from '../actions/outcome.js';
import { ask } from '../api/client.js';
import { say } from '../parts/toast.js';
import { counted } from '../text/number.js';

/** @import { Guest, List } from '../types.d.ts' */

const COLUMNS = /** @type {const} */ ([
  'address',
  'mac',
  'hostname',
  'state',
  'starts',
  'expires',
  'vps_id',
  'organization_id',
  'node',
  'reservation_id',
  'port',
]);
/** The most rows that the API answers at once. */
const PAGE = 1000;

/** Where a formula begins, as spreadsheets see it: in many countries a semicolon separates cells for them. */
const FORMULA = /(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠])/g;

/**
 * Rows as RFC 4180 has them. What a spreadsheet would take for a formula gets an apostrophe: names are chosen by guests.
 *
 * @param {readonly Guest[]} guests
 */
export function csvOf(guests) {
  const lines = guests.map((guest) =>
    COLUMNS.map((column) => cellOf(String(guest[/** @type {keyof Guest} */ (column)] ?? ''))).join(','),
  );
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

/** @param {string} text */
function cellOf(text) {
  const safe = text.replace(FORMULA, "$1'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Everything that the search finds, as a file.
 *
 * @param {Record<string, string>} query
 */
export async function exportCsv(query) {
  try {
    const guests = [];
    for (let cursor = ''; ; ) {
      /** @type {List<Guest>} */
      const { items, next } = await ask('guests', { query: { ...query, cursor, limit: PAGE } });
      guests.push(...items);
      if (next === null) break;
      cursor = next;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOf(guests)], { type: 'text/csv' }));
    link.download = 'leases.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say(`${counted(guests.length, 'row')} ${guests.length === 1 ? 'is' : 'are'} in leases.csv.`);
  } catch (error) {
    say(faultOf(error), { isBad: true });
  }
}
