const UNIT_SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1, ms: 0.001 };
const PART = /(\d{1,10})(ms|[dhms])/gy;

/** Reads `12h`, `90m`, `1h30m`, `7d`, `300ms` or bare seconds (`3600`); undefined for anything else. */
export function secondsFromText(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  let total = 0;
  let end = 0;
  for (const part of text.toLowerCase().matchAll(PART)) {
    total += Number(part[1]) * (UNIT_SECONDS[part[2] ?? ''] ?? Number.NaN);
    end = part.index + part[0].length;
  }
  return end > 0 && end === text.length ? total : undefined;
}

/** Writes whole seconds as `secondsFromText` reads them: `12h`, `10h30m`, `90s` as `1m30s`. */
export function secondsToText(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, length] of Object.entries(UNIT_SECONDS)) {
    if (length < 1) continue;
    const count = Math.floor(rest / length);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  return text === '' ? '0s' : text;
}
