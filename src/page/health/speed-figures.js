import { html } from '../html.js';
import { serverNow } from '../state/clock.js';
import { grouped, milliseconds } from '../text/number.js';
import { moment } from '../text/time.js';
import { axesOf, labelEnd, pointer, roomFor } from './chart-parts.js';
import { Figure } from './figure.js';
import { fade } from './pool-figure.js';

/** @import { Sample } from '../types.d.ts' */
/** @import { Plot, UPlot } from './plot.js' */

const HEIGHT = 150;

/** @param {readonly Sample[]} samples @returns {number[]} */
function timesOf(samples) {
  return samples.map(({ at }) => Date.parse(at) / 1000);
}

/** From the reading of a message to its reply. @param {{ samples: readonly Sample[] }} props */
export function LatencyFigure({ samples }) {
  const p50 = samples.map(({ reply_seconds_p50: seconds }) => (seconds === null ? null : seconds * 1000));
  const p99 = samples.map(({ reply_seconds_p99: seconds }) => (seconds === null ? null : seconds * 1000));
  const newest = p50.findLast((value) => value !== null);
  const slowest = p99.findLast((value) => value !== null);
  const hasEnough = p50.filter((value) => value !== null).length > 1;
  const says = `Request to reply over 24 h, in ms.${slowest == null ? '' : ` One in a hundred takes ${milliseconds(slowest / 1000)} ms or longer.`}`;
  return html`<${Figure} title="Request to reply" figure=${newest == null ? '–' : `${milliseconds(newest / 1000)} ms`} says=${says} depends=${samples}
    plotOf=${hasEnough ? (/** @type {(text: string) => void} */ say) => latencyPlot(timesOf(samples), p50, p99, says, say) : undefined} />`;
}

/**
 * @param {number[]} times
 * @param {(number | null)[]} p50
 * @param {(number | null)[]} p99
 * @param {string} says
 * @param {(text: string) => void} say
 * @returns {Plot}
 */
function latencyPlot(times, p50, p99, says, say) {
  const known = [...p50, ...p99].flatMap((value) => (value !== null && value > 0 ? [value] : []));
  const least = 10 ** Math.floor(Math.log10(Math.min(1, ...known)));
  const most = 10 ** Math.ceil(Math.log10(Math.max(10, ...known)));
  const text = (/** @type {number | null | undefined} */ value) =>
    value == null ? '–' : milliseconds(value / 1000);
  const endOf = (/** @type {(number | null)[]} */ values) =>
    values.findLast((value) => value !== null) ?? least;
  const p50End = { text: `p50 ${text(endOf(p50))}`, value: endOf(p50) };
  const p99End = { text: `p99 ${text(endOf(p99))}`, value: endOf(p99) };
  return {
    says,
    height: HEIGHT,
    data: [times, p50, p99],
    options: (colours) => ({
      ...pointer(() => {}),
      padding: [8, roomFor([p50End.text, p99End.text]), 0, 0],
      scales: { x: { time: true }, y: { distr: 3, range: [least, most] } },
      axes: axesOf(colours, {
        isDays: false,
        values: (all) => all.map((value) => (Number.isInteger(Math.log10(value)) ? labelOf(value) : '')),
      }),
      series: [
        {},
        { stroke: colours.accent, width: 1.75 },
        { stroke: colours.quiet, width: 1.5, dash: [5, 3] },
      ],
      hooks: {
        setCursor: [
          (/** @type {UPlot} */ { cursor: { idx } }) =>
            say(
              idx == null || p50[idx] == null
                ? ''
                : `${moment((times[idx] ?? 0) * 1000, serverNow())}: half within ${text(p50[idx])} ms, 99 of 100 within ${text(p99[idx])} ms.`,
            ),
        ],
        draw: [
          (/** @type {UPlot} */ plot) => {
            labelEnd(plot, { ...p50End, colour: colours.accent });
            if (Math.abs(plot.valToPos(p50End.value, 'y') - plot.valToPos(p99End.value, 'y')) > 12)
              labelEnd(plot, { ...p99End, colour: colours.text });
          },
        ],
      },
    }),
  };
}

/** 0.01, 1, 10 000. @param {number} value A power of ten. */
function labelOf(value) {
  return value < 1 ? String(value) : grouped(value);
}

/** Messages that were decided. @param {{ samples: readonly Sample[] }} props */
export function ExchangesFigure({ samples }) {
  const rates = samples.map(({ exchanges_per_second: rate }) => rate);
  const newest = rates.findLast((value) => value !== null);
  const hasEnough = rates.filter((value) => value !== null).length > 1;
  const peak = samples.reduce(
    (best, { at, exchanges_per_second: rate }) => (rate !== null && rate > best.rate ? { rate, at } : best),
    { rate: 0, at: '' },
  );
  const says = `Messages decided in a second, over 24 h.${peak.rate > 0 ? ` At most ${rateText(peak.rate)}, at ${moment(Date.parse(peak.at), serverNow())}.` : ''}`;
  return html`<${Figure} title="Messages a second" figure=${newest == null ? '–' : rateText(newest)} says=${says} depends=${samples}
    plotOf=${hasEnough ? (/** @type {(text: string) => void} */ say) => ratePlot(timesOf(samples), rates, says, say) : undefined} />`;
}

/**
 * @param {number[]} times
 * @param {(number | null)[]} rates
 * @param {string} says
 * @param {(text: string) => void} say
 * @returns {Plot}
 */
function ratePlot(times, rates, says, say) {
  const most = Math.max(1, ...rates.map((rate) => rate ?? 0));
  const newest = rates.findLast((value) => value !== null) ?? 0;
  const label = `${rateText(newest)} now`;
  return {
    says,
    height: HEIGHT,
    data: [times, rates],
    options: (colours) => ({
      ...pointer(() => {}),
      padding: [8, roomFor([label]), 0, 0],
      scales: { x: { time: true }, y: { range: [0, most * 1.15] } },
      axes: axesOf(colours, { isDays: false, values: (all) => all.map(rateText) }),
      series: [{}, { stroke: colours.accent, width: 1.75, fill: fade(colours.accent, 0.12) }],
      hooks: {
        setCursor: [
          (/** @type {UPlot} */ { cursor: { idx } }) =>
            say(
              idx == null || rates[idx] == null
                ? ''
                : `${moment((times[idx] ?? 0) * 1000, serverNow())}: ${rateText(rates[idx] ?? 0)} a second.`,
            ),
        ],
        draw: [
          (/** @type {UPlot} */ plot) => {
            labelEnd(plot, { text: label, value: newest, colour: colours.accent });
          },
        ],
      },
    }),
  };
}

/** @param {number} rate */
function rateText(rate) {
  return rate > 0 && rate < 10 ? String(Number(rate.toFixed(rate < 1 ? 2 : 1))) : grouped(Math.round(rate));
}
