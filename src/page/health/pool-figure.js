import { html } from '../html.js';
import { serverNow } from '../state/clock.js';
import { counted, grouped } from '../text/number.js';
import { DAY, moment, weekday } from '../text/time.js';
import { axesOf, labelEnd, pointer, roomFor } from './chart-parts.js';
import { Figure } from './figure.js';
import { forecastOf, usedOf } from './forecast.js';

/** @import { Sample, SegmentInfo } from '../types.d.ts' */
/** @import { Forecast } from './forecast.js' */
/** @import { Colours, Plot, UPlot } from './plot.js' */

const HEIGHT = 210;

/** How the pool is used, and when it is full. @param {{ samples: readonly Sample[], segment: SegmentInfo, now: number }} props */
export function PoolFigure({ samples, segment, now }) {
  const forecast = forecastOf(samples);
  const says = sayOf(samples, segment, forecast, now);
  const { leased, leased_by_peers: peers, total } = segment;
  const figure =
    leased === null || peers === null || total === null
      ? '–'
      : `${grouped(leased + peers)} of ${grouped(total)}`;
  const hasEnough = samples.filter(({ pool }) => pool.leased !== null).length > 1;
  return html`<${Figure} title="Pool use" figure=${figure} says=${says} depends=${samples}
    plotOf=${hasEnough ? (/** @type {(text: string) => void} */ say) => plotOf(samples, segment, forecast, says, say) : undefined} />`;
}

/**
 * @param {readonly Sample[]} samples
 * @param {SegmentInfo} segment
 * @param {Forecast | undefined} forecast
 * @param {number} now
 */
function sayOf(samples, { available, leased_by_peers: peers }, forecast, now) {
  const others = peers ? ` ${counted(peers, 'lease is', 'leases are')} of other gateways.` : '';
  const free =
    available === null ? '' : ` ${counted(available, 'address is', 'addresses are')} free now.${others}`;
  if (forecast === undefined)
    return `${samples.length > 60 ? 'At the present pace it does not fill up.' : 'Too little is known for a forecast.'}${free}`;
  const { soonest, latest } = forecast;
  const range = latest - soonest > DAY ? ` (${weekday(soonest, now)} to ${weekday(latest, now)})` : '';
  return `At the pace of the last days it is full on ${weekday((soonest + latest) / 2, now)}${range}.${free}`;
}

/**
 * @param {readonly Sample[]} samples
 * @param {SegmentInfo} segment
 * @param {Forecast | undefined} forecast
 * @param {string} says
 * @param {(text: string) => void} say
 * @returns {Plot}
 */
function plotOf(samples, segment, forecast, says, say) {
  const times = samples.map(({ at }) => Date.parse(at) / 1000);
  const used = samples.map(({ pool }) => usedOf(pool));
  const last = times.at(-1) ?? 0;
  const length = last - (times[0] ?? last);
  const end =
    forecast === undefined ? last + length * 0.06 : Math.min(last + 2.5 * length, forecast.latest / 1000);
  const capacity = forecast?.capacity ?? segment.total ?? 0;
  const now = used.findLast((count) => count !== null) ?? 0;
  /** @param {UPlot} plot @param {Colours} colours */
  const draw = (plot, colours) => {
    drawCapacity(plot, capacity, segment.total ?? capacity, colours);
    if (forecast !== undefined) drawForecast(plot, { last, now, forecast }, colours);
    labelEnd(plot, {
      text: grouped(now),
      value: now,
      colour: colours.accent,
      ...(forecast !== undefined && { at: last }),
    });
  };
  return {
    says: `${says} Leases over the last ${length > 86_400 ? 'days' : 'hours'}: ${used.find((count) => count !== null)} to ${now}.`,
    height: HEIGHT,
    data: [times, used],
    options: (colours) => ({
      ...pointer((plot) => say(pointedAt(plot, times, used))),
      hooks: {
        setCursor: [(/** @type {UPlot} */ plot) => say(pointedAt(plot, times, used))],
        draw: [(/** @type {UPlot} */ plot) => draw(plot, colours)],
      },
      padding: [12, forecast === undefined ? roomFor([grouped(now)]) : 40, 0, 0],
      scales: { x: { time: true, range: [times[0], end] }, y: { range: [0, Math.max(4, capacity * 1.12)] } },
      axes: axesOf(colours, {
        isDays: end - (times[0] ?? 0) > 2 * 86_400,
        values: (all) => all.map(grouped),
      }),
      series: [
        {},
        { stroke: colours.accent, width: 1.75, fill: fade(colours.accent, 0.12), spanGaps: false },
      ],
    }),
  };
}

/**
 * @param {UPlot} plot
 * @param {number[]} times
 * @param {(number | null)[]} used
 */
function pointedAt({ cursor }, times, used) {
  const at = cursor.idx;
  const [time, count] = [times[at], used[at]];
  if (at === null || at === undefined || time === undefined || typeof count !== 'number') return '';
  return `${moment(time * 1000, serverNow())}: ${counted(count, 'lease')}.`;
}

/**
 * @param {UPlot} plot
 * @param {number} capacity
 * @param {number} total
 * @param {Colours} colours
 */
function drawCapacity(plot, capacity, total, colours) {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(capacity, 'y', true);
  ctx.save();
  ctx.strokeStyle = colours.bad;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
  const held = total - capacity;
  const text =
    held > 0 ? `full at ${grouped(capacity)}: ${held} held or out of use` : `full at ${grouped(capacity)}`;
  ctx.save();
  ctx.font = `600 ${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.fillStyle = colours.bad;
  ctx.textAlign = 'right';
  ctx.fillText(text, bbox.left + bbox.width, y - 5 * devicePixelRatio);
  ctx.restore();
}

/**
 * A cone: as soon, and as late.
 *
 * @param {UPlot} plot
 * @param {{ last: number, now: number, forecast: Forecast }} from
 * @param {Colours} colours
 */
function drawForecast(plot, { last, now, forecast: { capacity, soonest, latest } }, colours) {
  const { ctx, bbox } = plot;
  const at = (/** @type {number} */ time, /** @type {number} */ value) =>
    /** @type {const} */ ([plot.valToPos(time, 'x', true), plot.valToPos(value, 'y', true)]);
  const middle = (soonest + latest) / 2000;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = fade(colours.accent, 0.1);
  ctx.beginPath();
  for (const point of [at(last, now), at(soonest / 1000, capacity), at(latest / 1000, capacity)])
    ctx.lineTo(...point);
  ctx.closePath();
  ctx.fill();
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1.75 * devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(...at(last, now));
  ctx.lineTo(...at(middle, capacity));
  ctx.stroke();
  ctx.restore();
}

/**
 * rgb(1, 2, 3) with less of it.
 *
 * @param {string} colour
 * @param {number} part
 */
export function fade(colour, part) {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${part})`);
}
