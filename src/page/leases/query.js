/**
 * What the search and the filters of the list ask for.
 *
 * @typedef {object} Search
 * @property {string} text As it was typed.
 * @property {readonly string[]} states Of the filter buttons; none: any. `warning`: those with a warning.
 * @property {readonly string[]} nodes
 * @property {string} sort As the API takes it: `-expires`.
 */

/** The words of `state:` as the API names states. */
const STATES = new Map([
  ['leased', 'bound'],
  ['bound', 'bound'],
  ['ended', 'expired'],
  ['expired', 'expired'],
  ['quarantined', 'declined'],
  ['declined', 'declined'],
  ['idle', 'reserved-idle'],
  ['reserved-idle', 'reserved-idle'],
  ['peer', 'peer'],
]);
/** What may stand before a colon, and what the API calls it. */
const KEYS = new Map([
  ['state', 'state'],
  ['node', 'node'],
  ['org', 'organization_id'],
  ['vps', 'vps_id'],
  ['mac', 'mac'],
  ['port', 'port'],
  ['id', 'reservation_id'],
]);

/**
 * As the query of /guests. A minus turns a word around; a word without a key may be a part of anything.
 *
 * @param {Search} search
 * @returns {Record<string, string>}
 */
export function queryOf({ text, states, nodes, sort }) {
  /** @type {Record<string, string>} */
  const query = {};
  /** @type {Record<'q' | '-q', string[]>} */
  const words = { q: [], '-q': [] };
  for (const written of text.trim().split(/\s+/)) {
    const isNegated = written.startsWith('-') && written.length > 1;
    const word = isNegated ? written.slice(1) : written;
    const [, key = '', value = ''] = /^(\w+):(.+)$/.exec(word) ?? [];
    const name = KEYS.get(key);
    if (name !== undefined && isWhole(name, value)) add(query, isNegated, name, shownAs(name, value));
    else if (word !== '') words[isNegated ? '-q' : 'q'].push(word);
  }
  for (const [name, some] of Object.entries(words)) if (some.length > 0) query[name] = some.join(' ');
  const pressed = states.filter((state) => state !== 'warning');
  if (states.length > pressed.length) query['warning'] = 'true';
  if (pressed.length > 0) query['state'] = pressed.join(',');
  if (nodes.length > 0) query['node'] = nodes.join(',');
  if (sort !== '') query['sort'] = sort;
  return query;
}

/** Of these, one search may have several. */
const LISTS = ['state', 'node'];

/**
 * @param {Record<string, string>} query
 * @param {boolean} isNegated
 * @param {string} name
 * @param {string} value
 */
function add(query, isNegated, name, value) {
  const key = `${isNegated ? '-' : ''}${name}`;
  const before = LISTS.includes(name) ? query[key] : undefined;
  query[key] = before === undefined ? value : `${before},${value}`;
}

/**
 * A list with a value more, or without it.
 *
 * @param {readonly string[]} list
 * @param {string} value
 */
export function toggled(list, value) {
  return list.includes(value) ? list.filter((each) => each !== value) : [...list, value];
}

/**
 * Whether the API can compare it: half a MAC is searched for as a part of anything.
 *
 * @param {string} name
 * @param {string} value
 */
function isWhole(name, value) {
  if (name === 'mac') return /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}$/i.test(value);
  return name !== 'state' || STATES.has(value.toLowerCase());
}

/**
 * @param {string} name
 * @param {string} value
 */
function shownAs(name, value) {
  return (name === 'state' && STATES.get(value.toLowerCase())) || value;
}

/**
 * Sorted by that column; by the same again: the other way round.
 *
 * @param {string} sort
 * @param {string} column
 */
export function sortedBy(sort, column) {
  return sort === column || (sort === '' && column === 'address') ? `-${column}` : column;
}
