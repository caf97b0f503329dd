import { addressToNumber } from '../text/address.js';

/** @import { AddressState, MapAddress } from '../types.d.ts' */

export const COLUMNS = 20;
/** Below 640 px a row is shown as two of these. */
export const HALF = 10;

/**
 * A row of the map: it begins at a round number, so a subnet may begin within it.
 *
 * @typedef {object} MapRow
 * @property {string} label .20
 * @property {string} middle .30
 * @property {number} skipped Places before the first address.
 * @property {MapAddress[]} addresses
 *
 * Rows that belong together.
 *
 * @typedef {object} Band
 * @property {string} title
 * @property {string} about
 * @property {MapRow[]} rows
 */

/**
 * The addresses as bands of rows.
 *
 * @param {readonly MapAddress[]} addresses In order.
 * @param {{ pool_start: string, pool_end: string }} pool
 * @returns {Band[]}
 */
export function bandsOf(addresses, pool) {
  const [first, last] = [addressToNumber(pool.pool_start), addressToNumber(pool.pool_end)];
  /** @type {Band[]} */
  const bands = [];
  const hasSeveral = new Set(addresses.map(({ address }) => blockOf(address))).size > 1;
  let title = '';
  for (const row of rowsOf(addresses)) {
    const isPool = row.addresses.some(({ address }) => isWithin(addressToNumber(address), first, last));
    const block = hasSeveral ? `${blockOf(row.addresses[0]?.address ?? '')}.0 · ` : '';
    const name = `${block}${isPool ? 'Pool' : 'Infrastructure'}`;
    if (name !== title) bands.push({ title: name, about: '', rows: [] });
    title = name;
    bands.at(-1)?.rows.push(row);
  }
  for (const band of bands)
    band.about = band.title.endsWith('Pool') ? poolText(band, pool, first, last) : rangesText(band);
  return bands;
}

/**
 * @param {number} number
 * @param {number} first
 * @param {number} last
 */
function isWithin(number, first, last) {
  return number >= first && number <= last;
}

/** @param {string} address */
function blockOf(address) {
  return address.replace(/\.\d+$/, '');
}

/**
 * @param {readonly MapAddress[]} addresses
 * @returns {MapRow[]}
 */
function rowsOf(addresses) {
  /** @type {MapRow[]} */
  const rows = [];
  let key = '';
  for (const each of addresses) {
    const octet = Number(each.address.split('.')[3]);
    const start = octet - (octet % COLUMNS);
    const next = `${blockOf(each.address)} ${start}`;
    if (next !== key)
      rows.push({ label: `.${start}`, middle: `.${start + HALF}`, skipped: octet - start, addresses: [] });
    key = next;
    rows.at(-1)?.addresses.push(each);
  }
  return rows;
}

/**
 * @param {Band} band
 * @param {{ pool_start: string, pool_end: string }} pool
 * @param {number} first
 * @param {number} last
 */
function poolText({ rows }, pool, first, last) {
  const count = rows
    .flatMap(({ addresses }) => addresses)
    .filter(({ address }) => isWithin(addressToNumber(address), first, last)).length;
  return `${pool.pool_start} – ${pool.pool_end} · ${count} addresses here`;
}

/** @type {Readonly<Partial<Record<AddressState, string>>>} */
const RANGES = {
  router: 'router',
  'outside-pool': 'reserved range',
  gateway: 'gateways',
  'gateway-unused': 'gateways',
};

/** .1 router · .2–.9 reserved range · .10–.19 gateways @param {Band} band */
function rangesText({ rows }) {
  /** @type {{ name: string, first: string, last: string }[]} */
  const runs = [];
  let before = '';
  for (const { address, state } of rows.flatMap(({ addresses }) => addresses)) {
    const name = RANGES[state] ?? '';
    const octet = `.${address.split('.')[3]}`;
    const run = runs.at(-1);
    if (name !== '' && name === before && run !== undefined) run.last = octet;
    else if (name !== '') runs.push({ name, first: octet, last: octet });
    before = name;
  }
  return runs
    .map(({ name, first, last }) => (first === last ? `${first} ${name}` : `${first}–${last} ${name}`))
    .join(' · ');
}

/**
 * Where a key leads to on the map; undefined: it is no such key.
 *
 * @param {string} key
 * @param {number} from Place in the list of addresses.
 * @param {readonly MapAddress[]} addresses
 * @returns {number | undefined}
 */
export function placeAfter(key, from, addresses) {
  const steps = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: COLUMNS,
    ArrowUp: -COLUMNS,
    PageDown: 5 * COLUMNS,
    PageUp: -5 * COLUMNS,
  };
  const last = addresses.length - 1;
  const within = (/** @type {number} */ place) => Math.max(0, Math.min(last, place));
  const step = steps[/** @type {keyof typeof steps} */ (key)];
  if (step !== undefined) return within(from + step);
  const column = Number(addresses[from]?.address.split('.')[3]) % COLUMNS;
  if (key === 'Home') return within(from - column);
  if (key === 'End') return within(from - column + COLUMNS - 1);
  return undefined;
}
