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
 * 14.2 MiB, as the commands and etcd say it
 *
 * @param {number} octets
 */
export function octets(octets) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = octets;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
