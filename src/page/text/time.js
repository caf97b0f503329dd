const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** @param {number} number */
const two = (number) => String(number).padStart(2, '0');

/**
 * 14:03, UTC as all times of the page.
 *
 * @param {number} time Wall-clock milliseconds.
 */
export function clock(time) {
  const date = new Date(time);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/**
 * 14:03:09
 *
 * @param {number} time
 */
export function clockWithSeconds(time) {
  return `${clock(time)}:${two(new Date(time).getUTCSeconds())}`;
}

/**
 * 14:03:09.027
 *
 * @param {number} time
 */
export function clockWithMilliseconds(time) {
  return `${clockWithSeconds(time)}.${String(new Date(time).getUTCMilliseconds()).padStart(3, '0')}`;
}

/**
 * 28 Nov, with the year if it is another one.
 *
 * @param {number} time
 * @param {number} now
 */
export function day(time, now) {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return year === new Date(now).getUTCFullYear() ? text : `${text} ${year}`;
}

/**
 * Sat 12 Dec
 *
 * @param {number} time
 * @param {number} now
 */
export function weekday(time, now) {
  return `${WEEKDAYS[new Date(time).getUTCDay()]} ${day(time, now)}`;
}

/**
 * The clock of a time of the same day, else its day.
 *
 * @param {number} time
 * @param {number} now
 */
export function clockOrDay(time, now) {
  return Math.floor(time / DAY) === Math.floor(now / DAY) ? clock(time) : day(time, now);
}

/**
 * As clockOrDay, with both if it is another day.
 *
 * @param {number} time
 * @param {number} now
 */
export function moment(time, now) {
  return Math.floor(time / DAY) === Math.floor(now / DAY) ? clock(time) : `${day(time, now)}, ${clock(time)}`;
}

/**
 * A length of time in the two largest units that matter: 40 s, 12 min, 3 h 05 min, 9 d 4 h.
 *
 * @param {number} milliseconds
 */
export function span(milliseconds) {
  const length = Math.max(0, milliseconds);
  if (length < MINUTE) return `${Math.round(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < DAY) return `${Math.floor(length / HOUR)} h ${two(Math.floor((length % HOUR) / MINUTE))} min`;
  const [days, hours] = [Math.floor(length / DAY), Math.floor((length % DAY) / HOUR)];
  return days < 30 && hours > 0 ? `${days} d ${hours} h` : `${days} d`;
}

/**
 * The same in the largest unit alone.
 *
 * @param {number} milliseconds
 */
export function roughSpan(milliseconds) {
  return span(milliseconds).replace(/^(\d+ \w+) .*$/, '$1');
}

/**
 * `24h`, `90 min`, `2d` or a number of seconds, as seconds; undefined: it is none.
 *
 * @param {string} text
 */
export function secondsFrom(text) {
  const [, number, unit = 's'] = /^\s*(\d{1,8})\s*(s|sec|min|m|h|d)?\s*$/i.exec(text) ?? [];
  if (number === undefined) return undefined;
  const units = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86_400 };
  const seconds = Number(number) * (units[/** @type {keyof typeof units} */ (unit.toLowerCase())] ?? 1);
  return seconds > 0 ? seconds : undefined;
}
