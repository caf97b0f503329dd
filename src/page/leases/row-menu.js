import { actionsForGuest, granterText } from '../actions/actions.js';
import { html, useEffect, useLayoutEffect, useRef } from '../html.js';
import { copy } from '../parts/toast.js';
import { useChangesOn } from '../state/changes-on.js';
import { go } from '../state/route.js';

/** @import { Guest } from '../types.d.ts' */

const GAP = 4;
const EDGE = 8;

/** What can be done with a row. @param {{ guest: Guest, beside: HTMLElement, onClose: () => void }} props */
export function RowMenu({ guest, beside, onClose }) {
  const { isOn, why } = useChangesOn();
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const { address, mac } = guest;
  useLayoutEffect(() => place(element.current, beside), []);
  useEffect(() => {
    const leave = (/** @type {Event} */ event) => {
      if (event.target instanceof Node && !element.current?.contains(event.target)) onClose();
    };
    addEventListener('pointerdown', leave);
    addEventListener('scroll', onClose, true);
    return () => {
      removeEventListener('pointerdown', leave);
      removeEventListener('scroll', onClose, true);
    };
  }, []);
  const close = () => {
    onClose();
    beside.focus();
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const items = [...(element.current?.querySelectorAll('button') ?? [])];
    const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 };
    const to = steps[/** @type {keyof typeof steps} */ (event.key)];
    const named = items.find((item) => item.dataset['key'] === event.key);
    if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (to !== undefined) items[to % items.length]?.focus();
    else if (named !== undefined) named.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const looks = [
    { title: 'Show on the map', key: 'm', run: () => go({ view: 'map', at: address }) },
    ...(mac === null
      ? []
      : [{ title: 'This guest’s story', key: 's', run: () => go({ view: 'live', at: mac }) }]),
    { title: 'Copy address', key: 'c', run: () => void copy(address) },
  ];
  /** @param {{ title: string, key?: string, isBad?: boolean, run: () => void }} action @param {boolean} isOff @param {string} [cause] */
  const item = (
    { title, key, isBad = false, run },
    isOff,
    cause = why,
  ) => html`<button type="button" role="menuitem" class=${isBad ? 'bad' : ''} data-key=${key} aria-disabled=${isOff ? 'true' : undefined} title=${isOff ? cause : undefined}
    onClick=${() => {
      if (isOff) return;
      close();
      run();
    }}>${title}${key ? html`<kbd aria-hidden="true">${key}</kbd>` : null}</button>`;
  return html`<div class="menu" role="menu" aria-label=${`Actions for ${address}`} ref=${element} onKeyDown=${press}>
    ${looks.map((look) => item(look, false))}
    <hr />
    ${actionsForGuest(guest).map((action) => item(action, !isOn))}
    ${guest.state === 'peer' ? item({ title: `Release it at ${granterText(guest)}`, run: () => {} }, true, 'The gateways share no leases.') : null}
  </div>`;
}

/**
 * @param {HTMLElement | null} menu
 * @param {HTMLElement} beside
 */
function place(menu, beside) {
  if (menu === null) return;
  const [at, own] = [beside.getBoundingClientRect(), menu.getBoundingClientRect()];
  menu.style.left = `${Math.max(EDGE, at.right - own.width)}px`;
  menu.style.top = `${at.bottom + own.height + GAP > innerHeight ? Math.max(EDGE, at.top - own.height - GAP) : at.bottom + GAP}px`;
  menu.querySelector('button')?.focus({ preventScroll: true });
}
