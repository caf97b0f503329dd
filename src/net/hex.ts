/** The character code of the digit, lower case, for a number's lowest four bits. */
export function digitOf(value: number): number {
  const low = value & 15;
  return low < 10 ? 48 + low : 87 + low;
}

/** An unsigned 32-bit integer as eight digits. Character codes cost a tenth of `toString(16)`. */
export function hexOf(value: number): string {
  return String.fromCharCode(
    digitOf(value >>> 28),
    digitOf(value >>> 24),
    digitOf(value >>> 20),
    digitOf(value >>> 16),
    digitOf(value >>> 12),
    digitOf(value >>> 8),
    digitOf(value >>> 4),
    digitOf(value),
  );
}

/** Reads an unsigned number of up to eight lower-case digits, from `start` on; -1: one of them is not a digit. */
export function hexAt(text: string, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at += 1) {
    const code = text.charCodeAt(at);
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;
    if (digit < 0) return -1;
    value = (value << 4) | digit;
  }
  return value >>> 0;
}

/** Octets as lower-case digits, with nothing between them. */
export function hexDigitsOf(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += String.fromCharCode(digitOf(byte >>> 4), digitOf(byte));
  return digits;
}
