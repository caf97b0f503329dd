import { Signal } from './signal.js';

/** Where several segments are served: which one is looked at. It stands in the address, before the fragment. */
const NAME = 'segment';

/** Empty: the first one. */
export const chosenSegment = new Signal(new URLSearchParams(location.search).get(NAME) ?? '');

/** @param {string} name */
export function chooseSegment(name) {
  history.replaceState(null, '', `?${new URLSearchParams({ [NAME]: name })}#map`);
  chosenSegment.set(name);
}
