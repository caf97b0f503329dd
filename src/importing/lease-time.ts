import { INFINITE_SECONDS } from '../lease/lease.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** dnsmasq's lease times: `3600`, `45m`, `12h`, `2d`, `1w`, `infinite`; undefined: it is none. */
export function secondsFromDnsmasq(text: string): number | undefined {
  if (text === 'infinite') return INFINITE_SECONDS;
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhdw]?)$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const seconds = Number(digits) * (UNITS[unit] ?? 1);
  return seconds < INFINITE_SECONDS ? seconds : undefined;
}
