import type { ClockStatus } from '../detection/clock-status.ts';
import type { OrderedBy } from '../lease/lease-view.ts';
import { type SegmentsStatus, worstVerdict } from '../reporting/segments-status.ts';
import type { Server } from './server.ts';
import type { HealthSource } from './status/health.ts';

/** What a server says of itself. */
type Asked = Pick<Server, 'status' | 'clock' | 'trustClock' | 'isStoring'>;

/** The servers of a list of segments, for whoever asks for their health. All of them have the machine's clock. */
export class SeveralHealth implements HealthSource {
  readonly #servers: () => ReadonlyMap<string, Asked>;

  constructor(servers: () => ReadonlyMap<string, Asked>) {
    this.#servers = servers;
  }

  get status(): SegmentsStatus {
    const segments = [...this.#servers()].map(([segment, { status }]) => ({ segment, ...status }));
    return { verdict: worstVerdict(segments.map(({ verdict }) => verdict)), segments };
  }

  /** One that is in doubt, if there is any. */
  get clock(): ClockStatus | undefined {
    return doubtful([...this.#servers().values()].map(({ clock }) => clock));
  }

  trustClock(by?: OrderedBy): ClockStatus | undefined {
    return doubtful([...this.#servers().values()].map((server) => server.trustClock(by)));
  }

  get isStoring(): boolean {
    return [...this.#servers().values()].some(({ isStoring }) => isStoring);
  }
}

function doubtful(clocks: readonly (ClockStatus | undefined)[]): ClockStatus | undefined {
  const known = clocks.filter((clock) => clock !== undefined);
  return known.find(({ trusted }) => !trusted) ?? known[0];
}
