import { z } from 'zod';
import { type Operation, operation } from '../http/operation.ts';
import type { MetricFigures } from '../metrics/metric-figures.ts';
import { exhaustionOf } from '../samples/forecast.ts';
import type { SampleRing } from '../samples/sample-ring.ts';
import type { RouteParts } from './route-parts.ts';

const DAY = 86_400_000;
/** What is later than in ten years is never: seconds. */
const LONGEST = 10 * 366 * 86_400;

const SEGMENT = z.object({
  name: z.string(),
  interface: z.string().nullable(),
  listen_ip: z.string().nullable(),
  subnet: z.string(),
  prefix_length: z.int(),
  mask: z.string(),
  router: z.string(),
  pool: z.string().meta({ description: 'Its ranges as one text', example: '10.15.3.20-10.15.3.254' }),
  pool_start: z.string(),
  pool_end: z.string(),
  pools: z.array(z.string()).meta({ description: 'Ranges; several where the pool has holes' }),
  exclusions: z.array(z.string()).meta({ description: 'Ranges that no guest gets' }),
  dns: z.array(z.string()),
  domain: z.string().nullable(),
  total: z.int().nullable(),
  leased: z.int().nullable().meta({
    description: 'Addresses of the pool with a lease of this gateway, or of one that shares its leases',
  }),
  leased_by_peers: z.int().nullable().meta({
    description:
      'Addresses of the pool with a lease of a gateway that shares none with this one, as far as it was heard; not in `leased`',
  }),
  reserved: z.int(),
  available: z.int().nullable(),
  exhausted_at: z.string().nullable().meta({
    format: 'date-time',
    description:
      'When the pool is used up, if it goes on as in the last day; null: never, or too little is known',
  }),
});

const SHARING = z.object({
  gateways: z
    .array(
      z.object({
        node: z.string(),
        listen_ip: z.string(),
        clock_offset_seconds: z
          .number()
          .nullable()
          .meta({ description: 'How far its clock is ahead of this one; null: not known, or this one' }),
      }),
    )
    .meta({
      description:
        'Those that are alive, this one too; where `can_promise` is false, those that were when etcd was reached last',
    }),
  gone: z
    .array(z.object({ node: z.string(), listen_ip: z.string() }))
    .meta({ description: 'Those that have gone in the last day and have not said that they would' }),
  members: z
    .array(
      z.object({
        endpoint: z.string(),
        role: z.enum(['leader', 'follower', 'candidate', 'away']).meta({
          description: 'candidate: it knows no leader; away: it did not answer, and the rest is null',
        }),
        version: z.string().nullable(),
        round_trip_seconds: z.number().nullable(),
        database_bytes: z.number().nullable(),
        quota_bytes: z.number().nullable(),
      }),
    )
    .meta({ description: "etcd's, as they were when they were asked last, once a minute" }),
  members_as_of: z
    .string()
    .nullable()
    .meta({ format: 'date-time', description: 'When that was; null: they were not asked yet' }),
  certificates: z.array(z.object({ file: z.string(), ends_at: z.string().meta({ format: 'date-time' }) })),
  mirror_age_seconds: z
    .number()
    .nullable()
    .meta({ description: 'How old what the lease file has of the shared leases is' }),
});

const OTHER_GATEWAY = z.object({
  address: z.string(),
  state: z.enum(['there', 'away', 'stopped', 'unknown']).meta({
    description:
      'there: ARP has shown it lately; away: it has not answered ARP for more than two minutes; stopped: its machine answers ARP, but no gateway asks from there any more, and no client selects it (not told where more than 64 addresses may be gateways); unknown: ARP cannot be asked, or not for long enough yet',
  }),
  is_gateway: z.boolean().meta({
    description:
      'true: a client selected it, or it has asked by ARP for this gateway as only a gateway does, three times in a row and 30 to 130 seconds apart; false: it may be another machine',
  }),
  selected_seconds: z
    .int()
    .nullable()
    .meta({ description: 'Since a client was heard selecting it; null: none was' }),
  arp_seconds: z.int().nullable().meta({ description: 'Since it was heard by ARP; null: it was not' }),
  arp_asked_seconds: z.int().nullable().meta({
    description:
      'Since it has asked everybody by ARP for this gateway, as a gateway at work does once a minute, and any machine now and then; null: it has not lately',
  }),
});

const INFO = z.object({
  version: z.string(),
  node: z.string(),
  started: z.string().meta({ format: 'date-time' }),
  status: z.enum(['serving', 'degraded', 'waiting', 'stopped']),
  verdict: z.enum(['served', 'not-served', 'pool-full']),
  segments: z.array(SEGMENT),
  store: z.enum(['sqlite', 'etcd']),
  can_promise: z.boolean(),
  transport: z.string().nullable(),
  peers: z
    .array(z.string())
    .meta({ description: 'Other gateways that were heard, and that share no leases with this one' }),
  other_gateways: z.array(OTHER_GATEWAY).meta({
    description:
      'The same; and where nothing is shared, also addresses that may be gateways and were only heard by ARP: such a one may be another machine, unless `is_gateway` is true',
  }),
  cluster: z.array(z.string()).meta({ description: 'Other gateways that share the leases with this one' }),
  sharing: SHARING.nullable().meta({ description: 'Of shared leases; null: they are not shared' }),
  rogue_servers: z.array(z.string()),
  author: z.string().meta({ description: 'Who asks: the name of a secret, local, or nobody' }),
  may_write: z.boolean().meta({ description: 'Whether the caller may change anything' }),
  as_of: z.string(),
});

/** What is so whoever asks. */
export type Info = Omit<z.output<typeof INFO>, 'author' | 'may_write'>;

export function infoRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/info',
    name: 'getInfo',
    summary: 'This gateway, what it serves and whom it sees',
    answer: INFO,
    run: async ({ author, mayWrite }) => ({ ...(await infoOf(parts)), author, may_write: mayWrite }),
  });
}

export async function infoOf({
  asked,
  figures: gathered,
  options,
  subnet: served,
  now,
  samples,
}: RouteParts): Promise<Info> {
  const { status, figures } = await asked.result();
  const sharing = figures.isShared ? sharingOf(await gathered.result()) : null;
  const { prefix, ...subnet } = served();
  const { pool } = status;
  return {
    version: options.version,
    node: options.node,
    started: new Date(options.startedAt).toISOString(),
    status: status.status,
    verdict: status.verdict,
    segments: [
      {
        name: options.segment,
        interface: status.interface,
        listen_ip: status.listenIp,
        subnet: prefix,
        ...subnet,
        pools: [...subnet.pools],
        exclusions: [...subnet.exclusions],
        pool: subnet.pools.join(', '),
        dns: [...subnet.dns],
        total: pool?.size ?? null,
        leased: pool?.leased ?? null,
        leased_by_peers: pool?.peers ?? null,
        reserved: figures.reservations,
        available: pool?.left ?? null,
        exhausted_at: exhaustedAt(samples, now()),
      },
    ],
    store: figures.isShared ? 'etcd' : 'sqlite',
    can_promise: figures.canPromise,
    transport: status.transport,
    peers: [...figures.peers],
    other_gateways: figures.otherGateways.map((other) => ({
      address: other.address,
      state: other.state,
      is_gateway: other.isGateway,
      selected_seconds: other.selectedSeconds,
      arp_seconds: other.arpSeconds,
      arp_asked_seconds: other.arpAskedSeconds,
    })),
    cluster: [...figures.clusterPeers],
    sharing,
    rogue_servers: status.rogueServers.map(({ server }) => server),
    as_of: new Date(now()).toISOString(),
  };
}

function sharingOf({ gauges, own }: MetricFigures): z.output<typeof SHARING> {
  const {
    gateways = {},
    gone = {},
    clockOffsets = {},
    etcdMembers = [],
    etcdAskedAt,
    certificates = [],
  } = gauges?.sharing ?? {};
  return {
    gateways: Object.entries(gateways).map(([node, listenIp]) => ({
      node,
      listen_ip: listenIp,
      clock_offset_seconds: clockOffsets[node] === undefined ? null : clockOffsets[node] / 1000,
    })),
    gone: Object.entries(gone).map(([node, listenIp]) => ({ node, listen_ip: listenIp })),
    members: etcdMembers.map(({ endpoint, answer }) => ({
      endpoint,
      role: answer?.role ?? 'away',
      version: answer?.version ?? null,
      round_trip_seconds: answer === undefined ? null : answer.roundTrip / 1000,
      database_bytes: answer?.databaseBytes ?? null,
      quota_bytes: answer?.quotaBytes ?? null,
    })),
    members_as_of: etcdAskedAt === undefined ? null : new Date(etcdAskedAt).toISOString(),
    certificates: certificates.map(({ file, endsAt }) => ({
      file,
      ends_at: new Date(endsAt).toISOString(),
    })),
    mirror_age_seconds: own.mirrorAge ?? null,
  };
}

function exhaustedAt(samples: SampleRing, now: number): string | null {
  const seconds = exhaustionOf(samples.since(now - DAY));
  if (seconds === undefined || !(seconds < LONGEST)) return null;
  return new Date(now + seconds * 1000).toISOString();
}
