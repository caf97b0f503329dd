/** Octets that something must be, or begin with. */
export interface OctetPattern {
  readonly octets: Uint8Array;
  readonly isPrefix: boolean;
}

/** Copies nothing. */
export function isMatch({ octets, isPrefix }: OctetPattern, value: Uint8Array, start: number, end: number) {
  const length = end - start;
  if (isPrefix ? length < octets.length : length !== octets.length) return false;
  for (let at = 0; at < octets.length; at += 1) if (octets[at] !== value[start + at]) return false;
  return true;
}
