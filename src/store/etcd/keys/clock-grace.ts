/** A lease of another gateway is kept from other clients this long after its end: milliseconds. */
export const CLOCK_GRACE = 60_000;
