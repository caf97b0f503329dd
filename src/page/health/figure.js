import { html, useState } from '../html.js';
import { PlotBox } from './plot.js';

/** @import { Plot } from './plot.js' */

/**
 * A chart with its figure and its sentence. Under the pointer the sentence says what was then.
 *
 * @param {{ title: string, figure: string, says: string, plotOf: ((say: (text: string) => void) => Plot) | undefined, depends: unknown }} props `depends` changes with what is drawn.
 */
export function Figure({ title, figure, says, plotOf, depends }) {
  const [pointed, setPointed] = useState('');
  const [made, setMade] = useState(
    /** @type {{ depends: unknown, plot: Plot | undefined }} */ ({ depends: undefined, plot: undefined }),
  );
  if (made.depends !== depends) setMade({ depends, plot: plotOf?.(setPointed) });
  return html`<figure class="card chart">
    <div class="h"><h2>${title}</h2><b>${figure}</b></div>
    <figcaption>${pointed === '' ? says : pointed}</figcaption>
    ${made.plot === undefined ? html`<p class="soon">The chart begins when the gateway has run for some minutes.</p>` : html`<${PlotBox} plot=${made.plot} />`}
  </figure>`;
}
