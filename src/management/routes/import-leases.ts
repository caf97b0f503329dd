import { z } from 'zod';
import type { ImportRefusal, LeaseImport } from '../../engine/order/import-lease.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import { instant, NEVER } from '../../lease/lease.ts';
import { hardwareToText, isStation } from '../../net/hardware-address.ts';
import { ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { ImportResult } from '../../server/order/lease-imports.ts';
import { isReadable } from '../../wire/readable-text.ts';
import { type Operation, operation } from '../http/operation.ts';
import { addressText, macText, text } from '../http/schemas.ts';
import { REASON } from './orders.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** The most leases of one request: those of a larger file come in several. */
const MOST = 1000;
const TIME = 125_000;
const MOST_NAME_OCTETS = 255;

const LEASE = z.strictObject({
  address: addressText,
  mac: macText.refine(isStation, 'is not the address of one network card'),
  client_id: z
    .string()
    .regex(/^([0-9a-f]{2}){2,255}$/i, 'is not hexadecimal digits of 2 to 255 octets')
    .transform((digits) => digits.toLowerCase() as ClientKey)
    .optional()
    .meta({ description: 'Option 61, as hexadecimal digits' }),
  expires: z
    .union([z.literal('never'), z.iso.datetime({ offset: true })])
    .transform((end) => (end === 'never' ? NEVER : instant(Date.parse(end)))),
  hostname: z
    .string()
    .refine((name) => isReadable(name) && Buffer.byteLength(name) <= MOST_NAME_OCTETS, 'cannot be read')
    .optional(),
});

const BODY = z.strictObject({
  leases: z.array(LEASE).min(1).max(MOST),
  dry_run: z.boolean().default(false),
  reason: REASON.optional(),
});

const ITEM = z.object({
  address: z.string().meta({ format: 'ipv4' }),
  outcome: z
    .enum(['taken', 'known', 'refused', 'unknown'])
    .meta({ description: 'known: its guest has it here already. unknown: it may have been stored or not' }),
  why: z.string().nullable().meta({ description: 'A word for why it is refused' }),
  detail: z.string().nullable().meta({ description: 'The same as a sentence, with who has what' }),
});

const ANSWER = z.object({
  items: z.array(ITEM).meta({ description: 'In the order of the request' }),
  dry_run: z.boolean(),
  scope: z.enum(['this-gateway', 'all-gateways']),
});

/** `POST /leases/import`. Each lease stands or falls alone. */
export function importRoute(parts: RouteParts): Operation {
  return operation({
    method: 'post',
    path: '/leases/import',
    name: 'importLeases',
    summary:
      'Takes over leases that another server has given; each one is taken over, known already or refused',
    query: z.object({ segment: text.optional() }),
    body: BODY,
    time: TIME,
    answer: ANSWER,
    run: async ({ query, body, author }) => {
      refuseOtherSegment(parts, query.segment);
      const { dry_run: isDryRun, reason: note } = body;
      const imports = body.leases.map(
        ({ address, mac: hardware, client_id: identifier, expires: expiresAt, hostname }): LeaseImport => ({
          address,
          hardware,
          expiresAt,
          author,
          isDryRun,
          ...(identifier !== undefined && { identifier }),
          ...(hostname !== undefined && { hostname }),
          ...(note !== undefined && { note }),
        }),
      );
      const results = await parts.gateway.importLeases(imports);
      const { figures } = await parts.asked.result();
      return {
        items: results.map((result, index) => ({
          address: ipv4ToText(imports[index]?.address ?? UNSPECIFIED),
          ...told(result),
        })),
        dry_run: isDryRun,
        scope: figures.isShared ? 'all-gateways' : 'this-gateway',
      };
    },
  });
}

function told(result: ImportResult): Pick<z.output<typeof ITEM>, 'outcome' | 'why' | 'detail'> {
  switch (result.outcome) {
    case 'taken':
    case 'decided': {
      const detail = result.endsOutside ? 'is in no pool: its guest keeps it until the lease ends' : null;
      return { outcome: 'taken', why: null, detail };
    }
    case 'known':
      return { outcome: 'known', why: null, detail: 'its guest has it here already' };
    case 'refused':
      return { outcome: 'refused', why: result.refusal.why, detail: sentenceOf(result.refusal) };
    case 'conflict':
      return { outcome: 'refused', why: 'changed-meanwhile', detail: 'changed meanwhile, again and again' };
    case 'failed':
      return { outcome: 'refused', why: 'cannot-store', detail: 'nothing can be stored now' };
    case 'unknown':
      return { outcome: 'unknown', why: 'outcome-unknown', detail: 'may have been stored or not' };
  }
}

function sentenceOf(refusal: Extract<ImportResult, { outcome: 'refused' }>['refusal']): string {
  switch (refusal.why) {
    case 'leased':
      return `${hardwareToText(refusal.holder)} has it here, ${untilText(refusal.until)}`;
    case 'has-another':
      return `its guest has ${ipv4ToText(refusal.address)} here, ${untilText(refusal.until)}`;
    case 'reserved':
      return `is reserved here: ${refusal.reservation}`;
    case 'quarantined':
      return `is in quarantine here, ${untilText(refusal.until)}`;
    case 'not-a-guest-address':
      return refusal.detail;
    default:
      return SENTENCES[refusal.why];
  }
}

type Plain = Exclude<
  ImportRefusal['why'],
  'leased' | 'has-another' | 'reserved' | 'quarantined' | 'not-a-guest-address'
>;

const SENTENCES: Readonly<Record<Plain | 'busy' | 'stopped', string>> = {
  over: 'the lease is over',
  'granted-by-peer': 'a gateway that shares no leases with this one has granted it',
  'cannot-promise': 'nothing can be stored now',
  busy: 'too many orders wait',
  stopped: 'the gateway is starting or ending',
};

function untilText(end: number): string {
  return end === NEVER ? 'without end' : `until ${new Date(end).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}
