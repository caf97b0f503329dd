import { serverNow } from '../state/clock.js';
import { clock, day } from '../text/time.js';
import { canvasFont } from './plot.js';

/** @import { Colours, UPlot } from './plot.js' */

/**
 * Both axes: times by the clock or the day, values on the left.
 *
 * @param {Colours} colours
 * @param {{ isDays: boolean, values: (values: number[]) => string[], width?: number }} how
 */
export function axesOf(colours, { isDays, values, width = 34 }) {
  const common = { stroke: colours.quiet, font: '11px system-ui', ticks: { show: false } };
  return [
    {
      ...common,
      space: 70,
      size: 24,
      grid: { show: false },
      values: (/** @type {UPlot} */ _, /** @type {number[]} */ times) =>
        times.map((time) => (isDays ? day(time * 1000, serverNow()) : clock(time * 1000))),
    },
    {
      ...common,
      size: width,
      gap: 4,
      grid: { stroke: colours.line, width: 1 },
      values: (/** @type {UPlot} */ _, /** @type {number[]} */ all) => values(all),
    },
  ];
}

/**
 * Writes beside the end of a line what it is: no legend has to be searched.
 *
 * @param {UPlot} plot
 * @param {{ text: string, value: number, colour: string, at?: number }} label `at` is a time in seconds; absent: the right end.
 */
export function labelEnd(plot, { text, value, colour, at }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const x = at === undefined ? bbox.left + bbox.width + 6 * ratio : plot.valToPos(at, 'x', true) + 6 * ratio;
  const y = plot.valToPos(value, 'y', true);
  ctx.save();
  ctx.font = canvasFont(600);
  ctx.fillStyle = colour;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.fillText(text, x, Math.max(bbox.top + 6 * ratio, Math.min(bbox.top + bbox.height - 6 * ratio, y)));
  ctx.restore();
}

/** No legend, no selecting, a line under the pointer. @param {(plot: UPlot) => void} say Told where the pointer is. */
export function pointer(say) {
  return {
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    hooks: { setCursor: [say] },
  };
}
