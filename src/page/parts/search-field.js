import { html } from '../html.js';
import { Icon } from './icon.js';

/** Enter leaves the field for the single keys, as j and k; so does Escape where it has nothing to clear. @param {KeyboardEvent & { currentTarget: HTMLInputElement }} event */
function leave({ key, currentTarget: field }) {
  if (key === 'Enter' || (key === 'Escape' && field.value === '')) field.blur();
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
