/**
 * A dotted address as a number.
 *
 * @param {string} dotted
 */
export function addressToNumber(dotted) {
  return dotted.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}

/** @param {number} number */
export function addressToText(number) {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/**
 * What all addresses of a subnet begin with, octet by octet, and what is left to say of one of them.
 *
 * @param {string} subnet 10.15.3.0/24
 * @param {string} address
 */
export function partsOf(subnet, address) {
  const octets = Math.floor(Number(subnet.split('/')[1] ?? 0) / 8);
  const all = (address === '' ? subnet.replace(/\/.*$/, '') : address).split('.');
  const fixed = all.slice(0, octets).map((octet) => `${octet}.`);
  return { fixed: fixed.join(''), rest: address === '' ? '' : all.slice(octets).join('.') };
}

/**
 * How many addresses from one to another are in some of the ranges.
 *
 * @param {readonly string[]} ranges 10.15.3.20-10.15.3.254; 10.15.3.20 for one address.
 * @param {number} from
 * @param {number} [to]
 */
export function countIn(ranges, from, to = from) {
  let count = 0;
  for (const range of ranges) {
    const [first = 0, last = first] = range.split('-').map(addressToNumber);
    count += Math.max(0, Math.min(to, last) - Math.max(from, first) + 1);
  }
  return count;
}

/**
 * Whether a text is an address of a subnet, or a /24 of it.
 *
 * @param {string} text
 * @param {string} subnet 10.15.0.0/16
 */
export function isWithin(text, subnet) {
  const address = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/24)?$/.exec(text)?.[1];
  const [network = '', length] = subnet.split('/');
  if (address === undefined || address.split('.').some((octet) => Number(octet) > 255)) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(addressToNumber(address) / size) === Math.floor(addressToNumber(network) / size);
}
