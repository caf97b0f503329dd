import { html, useEffect, useRef } from '../html.js';
import { theme } from '../state/preferences.js';
import { useSignal } from '../state/use-signal.js';

/** uPlot: it draws on a canvas, a thousand points in a millisecond. @typedef {any} UPlot */

/**
 * A chart.
 *
 * @typedef {object} Plot
 * @property {string} says What it shows, for somebody who does not see it.
 * @property {number} height
 * @property {(number | null)[][]} data Times in seconds, then a row for each series.
 * @property {(colours: Colours) => object} options For uPlot, without its size.
 *
 * @typedef {Readonly<Record<'text' | 'quiet' | 'line' | 'accent' | 'bad' | 'surface', string>>} Colours
 */

/** @type {Promise<UPlot> | undefined} */
let loading;

/** A script that makes a global name: it is loaded where a chart is shown. @returns {Promise<UPlot>} */
function loadPlotter() {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = new URL('../vendor/uplot.css', import.meta.url).href;
    const script = document.createElement('script');
    script.src = new URL('../vendor/uplot.classic.js', import.meta.url).href;
    script.onload = () => resolve(/** @type {any} */ (globalThis).uPlot);
    script.onerror = () => {
      loading = undefined;
      reject(new Error('the charts could not be loaded'));
    };
    document.head.append(style, script);
  });
  return loading;
}

/** @returns {Colours} */
function coloursNow() {
  const probe = document.createElement('span');
  document.body.append(probe);
  const of = (/** @type {string} */ name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    ...{ text: of('--text'), quiet: of('--text-2'), line: of('--line') },
    ...{ accent: of('--accent'), bad: of('--bad'), surface: of('--surface') },
  };
  probe.remove();
  return colours;
}

/** @param {{ plot: Plot }} props */
export function PlotBox({ plot }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const colours = useSignal(theme);
  useEffect(() => {
    /** @type {UPlot} */
    let drawn;
    let isOver = false;
    const draw = async () => {
      const Plotter = await loadPlotter();
      const element = box.current;
      if (isOver || element === null) return;
      drawn?.destroy();
      const size = { width: Math.max(120, element.clientWidth), height: plot.height };
      drawn = new Plotter({ ...size, ...plot.options(coloursNow()) }, plot.data, element);
    };
    const drawing = () => void draw().catch(() => {}); // Without it the figures beside stay.
    drawing();
    const sizes = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (drawn !== undefined && width > 0 && width !== drawn.width)
        drawn.setSize({ width, height: plot.height });
    });
    if (box.current !== null) sizes.observe(box.current);
    return () => {
      isOver = true;
      sizes.disconnect();
      drawn?.destroy();
    };
  }, [plot, colours]);
  return html`<div class="plotbox" role="img" aria-label=${plot.says}><div ref=${box}></div></div>`;
}

/**
 * Font of a canvas: it knows no variables of a style sheet.
 *
 * @param {number} [weight]
 * @param {number} [ratio] Dots of the canvas to a pixel.
 */
export function canvasFont(weight = 400, ratio = devicePixelRatio) {
  const family = getComputedStyle(document.body).fontFamily;
  return `${weight} ${11 * ratio}px ${family}`;
}
