import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Say } from '../log/say.ts';
import { CounterReader } from '../reporting/read-counters.ts';
import { SharedEventReader } from '../reporting/shared-events.ts';
import { EventLog } from './events/event-log.ts';
import { EventSource } from './events/event-source.ts';
import { SegmentNews, ToldReservations } from './events/segment-news.ts';
import type { GatewayCalls } from './gateway/gateway-calls.ts';
import type { SegmentOptions, SubnetTexts } from './gateway/options.ts';
import { hookChanges } from './hook-changes.ts';
import { Hooks, type HooksParts } from './hooks/hooks.ts';
import { LeaseReading } from './http/lease-reading.ts';
import { SharedWork } from './http/shared-work.ts';
import { metricFigures } from './metrics/metric-figures.ts';
import { Sampler } from './metrics/sampler.ts';
import type { RouteParts } from './routes/route-parts.ts';
import { SampleRing } from './samples/sample-ring.ts';

/** How often the gateway's thread is asked at most: milliseconds. */
const INTERVAL = 100;

/** A segment as the management thread has it. */
export interface OpenSegment {
  readonly parts: RouteParts;
  /** What this thread finds wrong itself. */
  readonly problems: readonly RunningProblem[];
  /** Other settings are in force. */
  subnetChanged(subnet: SubnetTexts): void;
  close(): void;
}

/** What the segments of a process have in common. */
type Shared = { readonly say: Say } & Pick<RouteParts, 'platformCalls'> &
  Pick<HooksParts, 'runs' | 'index' | 'isOneOfSeveral'>;

/** Begins to follow a segment. */
export function openSegment(
  options: SegmentOptions,
  gateway: GatewayCalls,
  certificates: RouteParts['certificates'],
  { say, platformCalls, runs, index, isOneOfSeveral }: Shared,
): OpenSegment {
  let subnet = options.subnet;
  const parts: RouteParts = {
    options,
    platformCalls,
    certificates,
    subnet: () => subnet,
    gateway,
    counters: new CounterReader(new Float64Array(options.counters)),
    asked: new SharedWork(INTERVAL, async () => {
      const [status, figures] = await Promise.all([gateway.status(), gateway.figures()]);
      return { status, figures };
    }),
    figures: new SharedWork(INTERVAL, () => metricFigures(parts)),
    samples: new SampleRing(options.samples),
    leases: new LeaseReading(options.directory, gateway),
    events: new EventLog(String(Date.now())),
    hooks: () => hooks.figures,
    readEvents: () => source.read(),
    followEvents: () => source.follow(),
    streams: new Set(),
    told: new ToldReservations(Date.now),
    now: Date.now,
  };
  const source: EventSource = new EventSource(parts.events, new SharedEventReader(options.events, 'oldest'), {
    status: async () => (await parts.asked.result()).status,
    isFollowed: () => parts.streams.size > 0,
    news: new SegmentNews({ leases: parts.leases, node: options.node, told: parts.told }),
    node: options.node,
  });
  const hooks: Hooks = new Hooks({
    ...{ options: options.hooks, reader: new SharedEventReader(options.events) },
    changesOf: (events) => hookChanges(parts.leases, events, parts.now()),
    ...{ segment: options.segment, node: options.node, directory: options.directory },
    ...{ version: options.version, runs, index, isOneOfSeveral, now: parts.now },
    // As each line of the log that belongs to one of several segments.
    say: isOneOfSeveral
      ? (level, fields, message) => say(level, { segment: options.segment, ...fields }, message)
      : say,
  });
  const sampler = new Sampler({
    ring: parts.samples,
    counters: parts.counters,
    asked: () => parts.asked.result(),
    now: parts.now,
  });
  sampler.begin();
  hooks.begin();
  return {
    parts,
    get problems() {
      return hooks.problems;
    },
    subnetChanged: (next) => {
      subnet = next;
    },
    close: () => {
      hooks.end();
      sampler.end();
      source.end();
      parts.leases.close();
    },
  };
}
