import { html } from '../html.js';
import { STATES } from '../text/states.js';
import { visible } from '../text/visible.js';

/** @import { AddressState } from '../types.d.ts' */

/** A name that a guest has chosen: isolated, and what would reorder or hide text made visible. @param {{ of: string }} props */
export function Name({ of }) {
  return html`<bdi>${visible(of)}</bdi>`;
}

/** @param {{ cell: string }} props */
export function Swatch({ cell }) {
  return html`<span class="cell swatch" data-s=${cell} aria-hidden="true"></span>`;
}

/** @param {{ cell: string, name: string }} props */
export function StateTag({ cell, name }) {
  return html`<span class="tag"><${Swatch} cell=${cell} />${name}</span>`;
}

/** @param {{ state: AddressState }} props */
export function AddressStateTag({ state }) {
  const { cell, name } = STATES[state];
  return html`<${StateTag} cell=${cell} name=${name} />`;
}

/** A sentence of the server, in which commands stand between backticks. @param {{ of: string }} props */
export function Prose({ of }) {
  return visible(of.trim())
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code class="mono">${part}</code>` : part));
}

/** Pairs of a label and its value; those without a value are left out. @param {{ rows: [string, unknown][] }} props */
export function Facts({ rows }) {
  const shown = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return html`<dl class="kv">${shown.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
}
