import { z } from 'zod';
import { LEASE, text } from './schemas.ts';

const TEXTS = z.record(z.string(), z.string());

/** What whoever orders a reservation says of it. `readEntry` checks it; this describes it. */
const ENTRY_FIELDS = {
  mac: z.array(z.string()).optional().meta({ description: 'None: nobody knows the network cards yet' }),
  client_id: z.string().optional().meta({ description: 'Option 61, as hexadecimal digits' }),
  circuit_id: z.string().optional().meta({ description: "Option 82's circuit, as hexadecimal digits" }),
  port: z.string().optional().meta({ description: 'The port of the bridge: tap104i0' }),
  address: z.string().optional().meta({
    format: 'ipv4',
    description: 'Absent: the one that it has; a new one gets one from the pool, and keeps it',
  }),
  hostname: z.string().optional(),
  vps_id: z.string().optional().meta({ description: 'Absent: the id' }),
  organization_id: z.string().optional(),
  labels: TEXTS.optional(),
  options: TEXTS.optional().meta({ description: "Options of its own, by name or number: 'router', '42'" }),
  lease_time: z.int().optional().meta({ description: 'Seconds' }),
  note: z.string().optional(),
} as const;

export const ENTRY = z.object({
  ...ENTRY_FIELDS,
  adopt: z
    .boolean()
    .optional()
    .meta({ description: 'True: with the address that its guest has now, if it has one' }),
});

export const LISTED_ENTRY = z.object({ id: z.string(), ...ENTRY_FIELDS });

const PENDING = z
  .object({
    cause: z.enum(['leased', 'quarantined', 'granted-by-peer']),
    until: z.string().meta({ format: 'date-time' }),
    mac: z.string().nullable().meta({ description: 'Who has it; null: nobody, or it is not known' }),
  })
  .nullable()
  .meta({
    description: 'What keeps its guest from the address now, and until when at the latest; null: nothing',
  });

const STILL_HAS = z
  .object({
    address: z.string().meta({ format: 'ipv4' }),
    until: z.string().meta({ format: 'date-time' }),
  })
  .nullable()
  .meta({
    description:
      'The other address that its guest has until its next renewal, which comes before `until`; null: none is known',
  });

/** How far a reservation is from being so. */
export const PROGRESS = { pending: PENDING, still_has: STILL_HAS } as const;

/** What of a reservation was changed, or would be. */
export const CHANGES = z
  .array(
    z.object({
      member: z.string().meta({ description: '`hostname`, `labels.node`' }),
      from: z.unknown().meta({ description: 'null: there was none' }),
      to: z.unknown().meta({ description: 'null: there is none any more' }),
    }),
  )
  .readonly()
  .meta({ description: 'None of one that is new, or as it was' });

/** A reservation as it is listed. */
export const RESERVATION = z.object({
  ...ENTRY_FIELDS,
  id: z.string(),
  address: z.string().meta({ format: 'ipv4' }),
  vps_id: z.string(),
  source: z.enum(['api', 'file', 'platform']),
  retired_until: z.string().optional().meta({
    format: 'date-time',
    description: 'It was removed; until then its address is kept for its id',
  }),
  created_at: z.string().meta({ format: 'date-time' }),
  updated_at: z.string().meta({ format: 'date-time' }),
  version: z.int(),
});

/** One, with what its guest is to use, and what that has now. */
export const WHOLE_RESERVATION = RESERVATION.extend({
  prefix_length: z.int(),
  mask: z.string(),
  router: z.string(),
  dns: z.array(z.string()),
  mtu: z.int().nullable().meta({ description: 'null: its guest is told none' }),
  lease: LEASE.nullable().meta({ description: 'What is leased at its address; null: nothing' }),
  ...PROGRESS,
  scope: z.enum(['this-gateway', 'all-gateways']),
});

const RECONCILED = z.object({ id: z.string(), address: z.string(), changes: CHANGES, ...PROGRESS });

/** The most entries of one desired set. */
const MOST_ENTRIES = 10_000;

export const RECONCILE = z.strictObject({
  scope: z.strictObject({ label: text, value: z.string().max(255) }),
  entries: z.array(z.unknown()).max(MOST_ENTRIES),
  dry_run: z.boolean().default(false),
  allow_empty: z.boolean().default(false),
  reason: z.string().min(1).max(160).optional(),
});

export const DESCRIBED_RECONCILE = RECONCILE.extend({ entries: z.array(LISTED_ENTRY).max(MOST_ENTRIES) });

export const IMPORT = z.strictObject({
  entries: z.array(z.unknown()).min(1).max(MOST_ENTRIES),
  dry_run: z.boolean().default(false),
  reason: z.string().min(1).max(160).optional(),
});

export const DESCRIBED_IMPORT = IMPORT.extend({ entries: z.array(LISTED_ENTRY).min(1).max(MOST_ENTRIES) });

export const IMPORT_ANSWER = z.object({
  items: z
    .array(
      z.object({
        id: z.string().nullable(),
        what: z.enum(['added', 'changed', 'unchanged', 'refused']),
        address: z.string().nullable(),
        changes: CHANGES,
        ...PROGRESS,
        why: z.string().nullable().meta({ description: 'A word for why it is refused' }),
        holder: z.string().nullable().meta({ description: 'The reservation that has what it claims' }),
        errors: z.array(z.object({ pointer: z.string(), detail: z.string() })),
      }),
    )
    .meta({ description: 'In the order of the request' }),
  dry_run: z.boolean(),
  scope: z.enum(['this-gateway', 'all-gateways']),
});

export const RECONCILE_ANSWER = z.object({
  added: z.array(RECONCILED),
  changed: z.array(RECONCILED),
  unchanged: z.int(),
  removed: z.array(z.string()),
  still_leased: z
    .array(
      z.object({
        id: z.string(),
        address: z.string(),
        mac: z.string().nullable(),
        expires: z.string().nullable().meta({ description: 'never: it has no end' }),
      }),
    )
    .meta({
      description:
        'Leases of addresses whose reservation is removed: renewals do not extend them, and their guests get other addresses then',
    }),
  refused: z.array(
    z.object({
      entry: z.int().nullable().meta({ description: 'Its position from 0; null: it was to be removed' }),
      id: z.string().nullable(),
      why: z.string(),
      holder: z.string().nullable().meta({ description: 'The reservation that has what it claims' }),
      errors: z.array(z.object({ pointer: z.string(), detail: z.string() })),
    }),
  ),
  unexplained: z.array(
    z.object({
      address: z.string(),
      mac: z.string().nullable(),
      hostname: z.string().nullable(),
      since: z.string().nullable(),
    }),
  ),
  unexplained_total: z.int(),
  dry_run: z.boolean(),
  scope: z.enum(['this-gateway', 'all-gateways']),
});
