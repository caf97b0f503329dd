import { Signal } from './signal.js';

/** The views, in the order of their keys 1 to 5. */
export const VIEWS = /** @type {const} */ (['map', 'leases', 'nodes', 'live', 'health']);

/** @typedef {(typeof VIEWS)[number]} View */

/**
 * Where the page is: all of it stands in the fragment of its address, so that it survives a reload and can be sent to somebody.
 *
 * @typedef {object} Route
 * @property {View} view
 * @property {string} at An address or a block on the map, a guest of a story.
 * @property {Readonly<Record<string, string>>} query
 */

/**
 * #map/10.15.3.87, #leases?q=web&sort=-expires
 *
 * @param {string} fragment
 * @returns {Route}
 */
export function routeFrom(fragment) {
  const [, view = '', at = '', query = ''] = /^#?([a-z]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(fragment) ?? [];
  return {
    view: VIEWS.find((each) => each === view) ?? 'map',
    at: decoded(at),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/**
 * @param {Partial<Route>} route
 * @returns {string}
 */
export function routeToText({ view = 'map', at = '', query = {} }) {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(given).toString();
  const place = at === '' ? '' : `/${encodeURIComponent(at).replaceAll('%3A', ':').replaceAll('%2F', '/')}`;
  return `#${view}${place}${text === '' ? '' : `?${text}`}`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** @type {Signal<Route>} */
export const route = new Signal(routeFrom(''));

/**
 * Goes there. In place: the way back skips what was before, as where somebody types a search.
 *
 * @param {Partial<Route>} to
 * @param {{ inPlace?: boolean }} [how]
 */
export function go(to, { inPlace = false } = {}) {
  const text = routeToText(to);
  if (text === location.hash) return;
  if (inPlace) history.replaceState(null, '', text);
  else history.pushState(null, '', text);
  route.set(routeFrom(text));
}

export function beginRouting() {
  const read = () => route.set(routeFrom(location.hash));
  addEventListener('hashchange', read);
  addEventListener('popstate', read);
  read();
}
