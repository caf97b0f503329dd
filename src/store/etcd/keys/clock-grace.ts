/** What another gateway has granted is kept from others for so long after its length: milliseconds. */
export const CLOCK_GRACE = 60_000;
