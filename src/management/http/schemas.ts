import { z } from 'zod';
import { type HardwareAddress, hardwareFromText } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText } from '../../net/ipv4.ts';

/** The most rows of one answer. */
const MOST_ROWS = 1000;
const ROWS = 100;
/** The longest text that a query compares. */
const MOST_TEXT = 255;

/** A dotted address, as a number inside. */
export const addressText = z
  .string()
  .max(15)
  .transform((text, context): Ipv4 => {
    const address = ipv4FromText(text);
    if (address !== undefined) return address;
    context.addIssue('is not an IPv4 address: 10.15.3.20');
    return z.NEVER;
  })
  .meta({ format: 'ipv4', example: '10.15.3.20' });

/** Colons, dashes or neither; as a number inside. */
export const macText = z
  .string()
  .max(17)
  .transform((text, context): HardwareAddress => {
    const digits = text.replace(/[:-]/g, '').toLowerCase();
    const hardware = /^[0-9a-f]{12}$/.test(digits)
      ? hardwareFromText(digits.replace(/(..)(?=.)/g, '$1:'))
      : undefined;
    if (hardware !== undefined) return hardware;
    context.addIssue('is not a MAC address: 52:54:00:4e:00:01');
    return z.NEVER;
  })
  .meta({ example: '52:54:00:4e:00:01' });

/** A time of ISO 8601, as wall-clock milliseconds inside. */
export const timeText = z
  .string()
  .max(40)
  .transform((text, context): number => {
    const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    context.addIssue('is not a time of ISO 8601: 2026-01-31T12:00:00Z');
    return z.NEVER;
  })
  .meta({ format: 'date-time' });

export const text = z.string().min(1, 'is empty').max(MOST_TEXT);

/** One of these words, or several of them, separated by commas. */
export function severalOf(words: readonly string[]) {
  const isOne = (word: string) => words.includes(word.trim());
  return text
    .refine((list) => list.split(',').every(isOne), `is not one or several of ${words.join(', ')}`)
    .meta({ example: words.slice(0, 2).join(',') });
}

/** What every list takes. */
export const LIST_QUERY = {
  segment: text.optional().meta({ description: 'GATEWAY_SEGMENT, or the subnet; may be left out' }),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `is not a number from 1 to ${MOST_ROWS}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MOST_ROWS, `is not a number from 1 to ${MOST_ROWS}`)
    .default(ROWS),
  cursor: z.string().max(1024).optional().meta({ description: '`next` of the answer before' }),
} as const;

/** What every list answers, around its rows. */
export function listAnswer<Row extends z.ZodType>(row: Row) {
  return z.object({
    items: z.array(row),
    total: z.int(),
    next: z.string().nullable(),
    as_of: AS_OF,
  });
}

/** The answer has all that was stored before this time; null: it is not known how fresh it is. */
export const AS_OF = z.string().nullable().meta({ format: 'date-time' });

const isoTime = z.string().nullable().meta({ format: 'date-time' });

/** A row of the view `leases`. */
export const LEASE = z.object({
  address: z.string().meta({ format: 'ipv4' }),
  mac: z.string().nullable(),
  hostname: z.string().nullable(),
  state: z.enum(['bound', 'expired', 'free', 'declined', 'peer']),
  starts: isoTime,
  expires: z.string().nullable().meta({ description: 'ISO 8601, or never' }),
  updated: isoTime,
  vps_id: z.string().nullable(),
  node: z.string().nullable(),
  client: z.string(),
  lease_seconds: z.int().nullable(),
  reservation_id: z.string().nullable(),
  organization_id: z.string().nullable(),
  port: z.string().nullable(),
});

/** A row of the view `lease_history`, its reason taken apart. */
export const EVENT = z.object({
  id: z.int(),
  at: isoTime,
  address: z.string().meta({ format: 'ipv4' }),
  event: z.string(),
  mac: z.string().nullable(),
  hostname: z.string().nullable(),
  reason: z.string(),
  author: z.string().nullable(),
  note: z.string().nullable(),
  expires: z.string().nullable(),
  vps_id: z.string().nullable(),
  node: z.string().nullable(),
  client: z.string(),
  reservation_id: z.string().nullable(),
  organization_id: z.string().nullable(),
  port: z.string().nullable(),
});
