/**
 * 1,204
 *
 * @param {number} value
 */
export function grouped(value) {
  return value.toLocaleString('en');
}

/**
 * `1 lease`, `12 leases`.
 *
 * @param {number} count
 * @param {string} noun
 * @param {string} [plural]
 */
export function counted(count, noun, plural = `${noun}s`) {
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}

/**
 * A time in milliseconds, with as many digits as it deserves: 0.14, 2.1, 300, 18,000.
 *
 * @param {number} seconds
 */
export function milliseconds(seconds) {
  const value = seconds * 1000;
  return value < 1 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : grouped(Math.round(value));
}

/**
 * 14 MB
 *
 * @param {number} octets
 */
export function octets(octets) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = octets;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
