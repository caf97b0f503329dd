import { html } from '../html.js';
import { Icon } from './icon.js';

/**
 * Enter leaves the field for the single keys, as j and k; so does Escape where it has nothing to clear.
 *
 * @param {KeyboardEvent & { currentTarget: HTMLInputElement }} event
 */
function leave(event) {
  const { key, currentTarget: field } = event;
  if (key !== 'Enter' && (key !== 'Escape' || field.value !== '')) return;
  if (key === 'Enter' && field.form !== null) {
    event.preventDefault(); // A field that was left no longer submits its form.
    field.form.requestSubmit();
  }
  field.blur();
}

/** The search of a view; the key / leads here. @param {{ label: string, placeholder: string, value: string, onInput: (text: string) => void }} props */
export function SearchField({ label, placeholder, value, onInput }) {
  return html`<label class="field">
    <${Icon} name="search" />
    <span class="sr">${label}</span>
    <input id="find" type="search" placeholder=${placeholder} value=${value} autocomplete="off" spellcheck="false" maxlength="200"
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onInput(event.currentTarget.value)}
      onKeyDown=${leave} />
    <kbd aria-hidden="true">/</kbd>
  </label>`;
}
