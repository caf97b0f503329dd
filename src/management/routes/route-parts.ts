import type { CounterReader } from '../../reporting/read-counters.ts';
import type { Certificates } from '../../store/etcd/client/certificates.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ToldReservations } from '../events/segment-news.ts';
import type { GatewayCalls } from '../gateway/gateway-calls.ts';
import type { SegmentOptions, SubnetTexts } from '../gateway/options.ts';
import type { OutletFigures } from '../hooks/outlet.ts';
import type { LeaseReading } from '../http/lease-reading.ts';
import type { SharedWork } from '../http/shared-work.ts';
import type { CallCounts } from '../metrics/call-counts.ts';
import type { Asked } from '../metrics/families.ts';
import type { MetricFigures } from '../metrics/metric-figures.ts';
import type { SampleRing } from '../samples/sample-ring.ts';

/** What the routes work with. */
export interface RouteParts {
  readonly options: SegmentOptions;
  /** The subnet that is served now: a reload may change it. */
  subnet(): SubnetTexts;
  /** Of the API itself; undefined: it has no TLS. */
  readonly certificates: Pick<Certificates, 'problems' | 'ends'> | undefined;
  /** Undefined: the platform's protocol is off. */
  readonly platformCalls: Pick<CallCounts, 'all'> | undefined;
  readonly gateway: GatewayCalls;
  readonly counters: CounterReader;
  /** The gateway's state: one question serves all that ask in the meantime. */
  readonly asked: SharedWork<Asked>;
  /** What metrics have beside that; shared likewise. Never rejects. */
  readonly figures: SharedWork<MetricFigures>;
  readonly samples: SampleRing;
  readonly leases: LeaseReading;
  readonly events: EventLog;
  /** Brings `events` up to date: while nobody follows them, that is not done. */
  readEvents(): void;
  /** Somebody follows them from now on; to be called before that one is among `streams`. */
  followEvents(): void;
  /** Of those who are told when leases change. */
  hooks(): readonly OutletFigures[];
  readonly told: ToldReservations;
  /** The streams of events that are open. */
  readonly streams: Set<object>;
  /** Wall-clock milliseconds. */
  now(): number;
}
