import { serverNow } from '../state/clock.js';
import { clock, day } from '../text/time.js';
import { canvasFont } from './plot.js';

/** @import { Colours, UPlot } from './plot.js' */

/** Of the axis on the left, where its labels are short, and between a label and the chart: pixels. */
const LEAST_WIDTH = 34;
const GAP = 4;
/** Between the end of a line and its label: pixels. */
const BESIDE = 6;

/**
 * Both axes: times by the clock or the day, values on the left.
 *
 * @param {Colours} colours
 * @param {{ isDays: boolean, values: (values: number[]) => string[] }} how
 */
export function axesOf(colours, { isDays, values }) {
  const common = { stroke: colours.quiet, font: '11px system-ui', ticks: { show: false } };
  return [
    {
      ...common,
      space: 70,
      size: 24,
      grid: { show: false },
      values: (/** @type {UPlot} */ _, /** @type {number[]} */ times) =>
        once(times.map((time) => (isDays ? day(time * 1000, serverNow()) : clock(time * 1000)))),
    },
    {
      ...common,
      size: widthFor,
      gap: GAP,
      grid: { stroke: colours.line, width: 1 },
      values: (/** @type {UPlot} */ _, /** @type {number[]} */ all) => values(all),
    },
  ];
}

/**
 * A day with several ticks is named at the first of them.
 *
 * @param {string[]} labels
 */
function once(labels) {
  return labels.map((label, index) => (label === labels[index - 1] ? '' : label));
}

/**
 * As wide as the longest label: a number is never cut.
 *
 * @param {UPlot} plot
 * @param {string[] | null} labels Null: there are none yet.
 * @param {number} axis
 * @param {number} cycle uPlot asks again until the sizes stay; after the first time they do.
 */
function widthFor(plot, labels, axis, cycle) {
  if (cycle > 1) return plot.axes[axis]._size;
  if (labels === null) return LEAST_WIDTH;
  const { ctx } = plot;
  ctx.save();
  ctx.font = plot.axes[axis].font[0];
  const widths = labels.map((label) => ctx.measureText(label).width / devicePixelRatio);
  ctx.restore();
  return Math.max(LEAST_WIDTH, Math.ceil(Math.max(0, ...widths)) + 2 * GAP);
}

/**
 * Room on the right for what stands beside the ends of the lines: pixels.
 *
 * @param {readonly string[]} labels
 */
export function roomFor(labels) {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) return LEAST_WIDTH;
  context.font = canvasFont(600, 1);
  const widths = labels.map((label) => context.measureText(label).width);
  return Math.ceil(Math.max(0, ...widths)) + BESIDE + GAP;
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
  const end = at === undefined ? bbox.left + bbox.width : plot.valToPos(at, 'x', true);
  const y = plot.valToPos(value, 'y', true);
  ctx.save();
  ctx.font = canvasFont(600);
  ctx.fillStyle = colour;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.fillText(
    text,
    end + BESIDE * ratio,
    Math.max(bbox.top + 6 * ratio, Math.min(bbox.top + bbox.height - 6 * ratio, y)),
  );
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
