import { html, useEffect } from '../html.js';
import { Signal } from '../state/signal.js';
import { useSignal } from '../state/use-signal.js';
import { Icon } from './icon.js';

/** How long a line stays: milliseconds. */
const STAYS = 6000;

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

export function Toasts() {
  const said = useSignal(line);
  useEffect(() => {
    if (said === undefined || said.isBad) return undefined;
    const timer = setTimeout(() => line.set(undefined), STAYS);
    return () => clearTimeout(timer);
  }, [said]);
  return html`<div class="toasts" role="status" aria-live="polite">
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
