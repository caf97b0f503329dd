import { html, useEffect, useRef } from '../html.js';
import { Signal } from '../state/signal.js';
import { useSignal } from '../state/use-signal.js';
import { Icon } from './icon.js';

/** How long a line stays: milliseconds. */
const STAYS = 6000;
/** Between a line and what stands above it: pixels. */
const GAP = 12;

/** @type {Signal<{ text: unknown, isBad: boolean } | undefined>} */
const line = new Signal(/** @type {{ text: unknown, isBad: boolean } | undefined} */ (undefined));

/**
 * One line about what has just happened.
 *
 * @param {unknown} text With names as elements.
 * @param {{ isBad?: boolean }} [how] Bad: not all of it was done; the line stays until it is closed.
 */
export function say(text, { isBad = false } = {}) {
  line.set({ text, isBad });
}

/**
 * Closes a line that stays until it is closed.
 *
 * @returns {boolean} Whether there was one.
 */
export function closeBadLine() {
  if (line.value?.isBad !== true) return false;
  line.set(undefined);
  return true;
}

/** While there is a line, the page is longer by its height: whatever is under the line can be scrolled out. */
function useRoom() {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const sizes = new ResizeObserver(() => {
      const { top = 0, height = 0 } = element.current?.getBoundingClientRect() ?? {};
      const room = height === 0 ? 0 : Math.ceil(innerHeight - top) + GAP;
      document.documentElement.style.setProperty('--room', `${room}px`);
    });
    if (element.current !== null) sizes.observe(element.current);
    return () => sizes.disconnect();
  }, []);
  return element;
}

export function Toasts() {
  const said = useSignal(line);
  const element = useRoom();
  useEffect(() => {
    if (said === undefined || said.isBad) return undefined;
    const timer = setTimeout(() => line.set(undefined), STAYS);
    return () => clearTimeout(timer);
  }, [said]);
  return html`<div class="toasts" role="status" aria-live="polite" ref=${element}>
    ${
      said &&
      html`<div class="toast">
        <${Icon} name=${said.isBad ? 'warn' : 'ok'} tone=${said.isBad ? 'tone-warn' : 'tone-good'} />
        <span>${said.text}</span>
        <button type="button" class="btn bare tight icon" aria-label="Close the message" onClick=${() => line.set(undefined)}>
          <${Icon} name="close" />
        </button>
      </div>`
    }
  </div>`;
}

/**
 * Copies a text, and says so.
 *
 * @param {string} text
 * @param {string} [what]
 */
export async function copy(text, what = text) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    // Over plain HTTP from another machine a browser has no clipboard for pages.
    say(`Without TLS this browser lets no page copy. Select the text: ${text}`, { isBad: true });
  }
}
