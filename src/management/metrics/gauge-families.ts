import type { Gauges } from '../../server/status/gauges.ts';
import type { OutletFigures } from '../hooks/outlet.ts';
import { type Family, gauge, type MetricSample } from './exposition.ts';

/** What the management thread has found out itself. */
export interface OwnFigures {
  /** Leases that run, by the organization that their reservation names. */
  readonly activeOf: Readonly<Record<string, number>>;
  /** How old what the lease file has of shared leases is: seconds. Undefined: it has leases of its own. */
  readonly mirrorAge: number | undefined;
  /** Seconds until the pool is used up; undefined: too little is known. */
  readonly exhaustion: number | undefined;
  /** When the certificate of the API ends: wall-clock milliseconds. */
  readonly certificates: readonly { readonly file: string; readonly endsAt: number }[];
  /** Those who are told when leases change. */
  readonly hooks: readonly OutletFigures[];
}

export const NO_FIGURES: OwnFigures = {
  activeOf: {},
  mirrorAge: undefined,
  exhaustion: undefined,
  certificates: [],
  hooks: [],
};

/** @param now Wall-clock milliseconds. */
export function gaugeFamilies(gauges: Gauges | undefined, own: OwnFigures, now: number): readonly Family[] {
  const sharing = gauges?.sharing;
  const members = (sharing?.etcdMembers ?? []).flatMap(({ endpoint, answer }) =>
    answer === undefined ? [] : [{ endpoint, ...answer }],
  );
  const certificates = [...(sharing?.certificates ?? []), ...own.certificates];
  const isAsked = gauges?.arpQuestions !== undefined;
  return [
    {
      ...gauge('arp_questions_total', 'Questions by ARP for addresses.', gauges?.arpQuestions),
      type: 'counter',
    },
    gauge(
      'quiet_addresses',
      'Free addresses of which ARP has shown lately that nobody uses them: they are offered at once.',
      isAsked ? gauges?.quietAddresses : undefined,
    ),
    gauge(
      'pool_exhaustion_seconds',
      'Time until the pool is used up if it goes on as in the last day; +Inf: it does not shrink.',
      own.exhaustion,
    ),
    gauge(
      'journal_fill_ratio',
      'The part of the journal that is not in the lease file yet; at 1 no lease can be stored.',
      gauges?.journalFill,
    ),
    gauge('mirror_age_seconds', 'How old what the lease file has of the shared leases is.', own.mirrorAge),
    {
      ...gauge(
        'clock_offset_seconds',
        'How far the clock of another gateway is ahead of this one.',
        undefined,
      ),
      samples: Object.entries(sharing?.clockOffsets ?? {}).map(
        ([node, offset]): MetricSample => [{ node }, offset / 1000],
      ),
    },
    {
      ...gauge('etcd_size_bytes', "The size of an etcd member's database file.", undefined),
      samples: members.map(
        ({ endpoint, databaseBytes }): MetricSample => [{ member: endpoint }, databaseBytes],
      ),
    },
    {
      ...gauge('etcd_quota_bytes', 'The size at which an etcd member takes nothing more.', undefined),
      samples: members.map(({ endpoint, quotaBytes }): MetricSample => [{ member: endpoint }, quotaBytes]),
    },
    {
      ...gauge(
        'certificate_expiry_seconds',
        'Time until a certificate ends; negative: it has ended.',
        undefined,
      ),
      samples: certificates.map(({ file, endsAt }): MetricSample => [{ file }, (endsAt - now) / 1000]),
    },
  ];
}
