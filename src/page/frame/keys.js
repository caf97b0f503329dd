import { html } from '../html.js';
import { isDialogOpen, openDialog } from '../parts/dialog.js';
import { closeBadLine } from '../parts/toast.js';
import { setSingleKeys, singleKeys, switchTheme } from '../state/preferences.js';
import { go, VIEWS } from '../state/route.js';

/** @type {readonly (readonly [string, string])[]} */
const KEYS = [
  ['1 2 3 4 5', 'Map, Leases, Nodes, Live, Health'],
  ['/', 'Search on this view; Enter leaves the search'],
  ['← → ↑ ↓', 'Move on the map; Home and End: the row'],
  ['Enter', 'Open what is marked'],
  ['Esc', 'Close message, panel, menu or dialog; clear the search, then leave it'],
  ['j k', 'Next and previous row'],
  ['x', 'Select the row'],
  ['e', 'Reserve, or edit the reservation'],
  ['m s c', 'Row: on the map, its story, copy its address'],
  ['p', 'Pause or go on (Live)'],
  ['t', 'Light or dark'],
  ['?', 'This list'],
];

export function openKeys() {
  openDialog({
    title: 'Keys',
    cancel: 'Close',
    body: html`<dl class="keys">
        ${KEYS.map(
          ([keys, what]) =>
            html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`,
        )}
      </dl>
      <label class="tick">
        <input type="checkbox" defaultChecked=${singleKeys.value}
          onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setSingleKeys(event.currentTarget.checked)} />
        <span>Single keys do something<br /><small class="quiet">Off: only Tab, arrows, Enter and Esc.</small></span>
      </label>`,
  });
}

/** What a view does with single keys: true where it has done something. @type {Set<(key: string, at: Element) => boolean>} */
const viewKeys = new Set();

/**
 * @param {(key: string, at: Element) => boolean} act
 * @returns {() => void}
 */
export function onViewKey(act) {
  viewKeys.add(act);
  return () => void viewKeys.delete(act);
}

export function beginKeys() {
  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (!(target instanceof Element) || isDialogOpen()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isTyping = target.matches('input:not([type="checkbox"]), select, textarea');
    if (key !== 'Escape' && (isTyping || !singleKeys.value)) return;
    if (acted(key, target)) event.preventDefault();
  });
}

/**
 * @param {string} key
 * @param {Element} target
 */
function acted(key, target) {
  if (key === 'Escape' && closeBadLine()) return true;
  for (const act of viewKeys) if (act(key, target)) return true;
  const view = /^[1-5]$/.test(key) ? VIEWS[Number(key) - 1] : undefined;
  if (view !== undefined) go({ view });
  else if (key === '/') document.getElementById('find')?.focus();
  else if (key === '?') openKeys();
  else if (key === 't') switchTheme();
  else return false;
  return true;
}
