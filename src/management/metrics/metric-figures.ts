import type { Database } from 'better-sqlite3';
import type { Gauges } from '../../server/status/gauges.ts';
import type { Certificates } from '../../store/etcd/client/certificates.ts';
import { countOrganizations } from '../../store/sqlite/query/count-organizations.ts';
import type { GatewayCalls } from '../gateway/gateway-calls.ts';
import type { OutletFigures } from '../hooks/outlet.ts';
import type { LeaseReading } from '../http/lease-reading.ts';
import { exhaustionOf } from '../samples/forecast.ts';
import type { SampleRing } from '../samples/sample-ring.ts';
import { NO_FIGURES, type OwnFigures } from './gauge-families.ts';

const DAY = 86_400_000;
/** How long the lease file is read at most: milliseconds. */
const LONGEST = 5000;

export interface MetricFigures {
  /** Undefined: the thread that serves guests does not answer. */
  readonly gauges: Gauges | undefined;
  readonly own: OwnFigures;
}

export interface MetricParts {
  readonly gateway: Pick<GatewayCalls, 'gauges'>;
  readonly leases: LeaseReading;
  readonly samples: SampleRing;
  readonly certificates: Pick<Certificates, 'ends'> | undefined;
  hooks(): readonly OutletFigures[];
  /** Wall-clock milliseconds. */
  now(): number;
}

/** Gathers what metrics have beside counters and status. Never rejects: what cannot be found out is left out. */
export async function metricFigures(parts: MetricParts): Promise<MetricFigures> {
  const { gateway, leases, samples, certificates, now } = parts;
  const [gauges, inFile] = await Promise.all([
    gateway.gauges().catch(() => undefined),
    leases.peek(({ database }) => figuresIn(database, now())).catch(() => NO_FIGURES),
  ]);
  const exhaustion = exhaustionOf(samples.since(now() - DAY));
  return {
    gauges,
    own: {
      ...NO_FIGURES,
      ...inFile,
      exhaustion,
      certificates: certificates?.ends ?? [],
      hooks: parts.hooks(),
    },
  };
}

async function figuresIn(
  database: Database,
  now: number,
): Promise<Pick<OwnFigures, 'activeOf' | 'mirrorAge'>> {
  const activeOf = await countOrganizations(database, now, AbortSignal.timeout(LONGEST));
  const seenAt: unknown = database.prepare('SELECT seen_at FROM mirror').pluck().get();
  const mirrorAge = typeof seenAt === 'number' ? Math.max(0, now - seenAt) / 1000 : undefined;
  return { activeOf, mirrorAge };
}
