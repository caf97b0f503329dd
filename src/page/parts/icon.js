import { html } from '../html.js';

/** Paths of 16 x 16. */
const PATHS = {
  ok: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.2 8.2l2 2 3.6-4.2',
  note: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 7.2v4M8 4.8v.1',
  warn: 'M8 2.2 14.6 13.6H1.4ZM8 6.4v3.4M8 11.7v.1',
  bad: 'M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4ZM8 4.8v4M8 11v.1',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3 13.5 13.5',
  close: 'M4 4l8 8M12 4l-8 8',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  copy: 'M5.5 5.5h7.5v8H5.5ZM3 10.5v-8h7.5',
  lock: 'M3.5 7.2h9v6.3h-9ZM5.4 7V5a2.6 2.6 0 0 1 5.2 0v2',
  open: 'M3.5 7.2h9v6.3h-9ZM5.4 7V5a2.6 2.6 0 0 1 5-1',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z',
  right: 'M6 3.5 10.5 8 6 12.5',
  up: 'M8 12.5v-9M4.5 7 8 3.5 11.5 7',
  down: 'M8 3.5v9M4.5 9 8 12.5 11.5 9',
  out: 'M2.5 8h10.5M9.5 4.5 13 8l-3.5 3.5',
  back: 'M13.5 8H3M6.5 4.5 3 8l3.5 3.5',
  wait: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.4 1.6',
  mute: 'M3 8h10',
  no: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
  half: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 1.8v12.4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2 12.5 8 5 12.8Z',
  keys: 'M1.8 4.2h12.4v7.6H1.8ZM4.2 7h.01M6.7 7h.01M9.3 7h.01M11.8 7h.01M5 9.4h6',
  map: 'M2.5 2.5h4.4v4.4H2.5ZM9.1 2.5h4.4v4.4H9.1ZM2.5 9.1h4.4v4.4H2.5ZM9.1 9.1h4.4v4.4H9.1Z',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  nodes: 'M2.5 2.8h11v4h-11ZM2.5 9.2h11v4h-11ZM5 4.8h.01M5 11.2h.01',
  live: 'M1.8 8h3l2-4.5 3 9 1.8-4.5h2.6',
  health: 'M2.5 13V9M6.2 13V5M9.8 13V8M13.5 13V3',
  cut: 'M2 2l12 12M4.6 8.6a5 5 0 0 1 2-1.3M2 6a8.6 8.6 0 0 1 3-1.9M9.8 7.5a5 5 0 0 1 1.6 1.1M8 3.2A8.6 8.6 0 0 1 14 6M8 12.2h.01',
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName, tone?: string }} props */
export function Icon({ name, tone = '' }) {
  return html`<svg viewBox="0 0 16 16" class=${`i ${tone}`} aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

/** The icon of a level: a tick, an i, a triangle or an octagon. @param {{ level: 'good' | 'note' | 'warn' | 'bad' }} props */
export function Level({ level }) {
  if (level === 'note') return html`<${Icon} name="note" tone="quiet" />`;
  return html`<${Icon} name=${level === 'good' ? 'ok' : level} tone=${`tone-${level}`} />`;
}
