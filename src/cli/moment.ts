import { secondsFromText } from '../config/duration.ts';
import { GatewayError } from '../errors.ts';
import { type Instant, instant } from '../lease/lease.ts';

const FORM = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Reads a moment as an operator writes it: `2026-11-24`, `2026-11-24T14:00`, `2026-11-24 14:00:30+01:00`; without a zone it
 * is UTC, like all times that the commands print. Or `2h` for two hours ago.
 *
 * @throws GatewayError 'bad-settings', which names the flag.
 */
export function momentOf(flag: string, text: string, now: Instant): Instant {
  const ago = /^\d+$/.test(text) ? undefined : secondsFromText(text);
  if (ago !== undefined) return instant(now - ago * 1000);
  const [, day, time = '00:00', zone = 'Z'] = FORM.exec(text) ?? [];
  const milliseconds = Date.parse(`${day}T${time}${zone}`);
  if (!Number.isNaN(milliseconds)) return instant(milliseconds);
  throw new GatewayError(
    'bad-settings',
    `${flag} ${text}: not a time: write it as 2026-11-24T14:00 (UTC), 2026-11-24T14:00+01:00, or 2h for two hours ago`,
  );
}
