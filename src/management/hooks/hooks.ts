import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { Say } from '../../log/say.ts';
import type { SharedEvent, SharedEventReader } from '../../reporting/shared-events.ts';
import { type Change, hookEventOf } from './change.ts';
import type { HookOptions } from './hook-options.ts';
import { oneAtATime, type RunQueue } from './one-at-a-time.ts';
import { type Delivery, Outlet, type OutletFigures } from './outlet.ts';
import { webhookDelivery } from './post-document.ts';
import { programDelivery } from './run-program.ts';

/** How often decisions are read: milliseconds. In this time a busy gateway makes a few thousand. */
const INTERVAL = 100;

export interface HooksParts {
  readonly options: HookOptions;
  readonly reader: SharedEventReader;
  readonly changesOf: (events: readonly SharedEvent[]) => Promise<readonly Change[]>;
  readonly segment: string;
  readonly node: string;
  readonly directory: string;
  readonly version: string;
  /** One for all segments of the process. */
  readonly runs: RunQueue;
  /** Its position in the list of segments. */
  readonly index: number;
  /** Whether the process serves other segments too. */
  readonly isOneOfSeveral: boolean;
  readonly say: Say;
  /** Wall-clock milliseconds. */
  now(): number;
}

/**
 * Tells a program and a server when leases change. What has changed is read from the memory that the thread of the packets
 * writes in any case, so no guest waits for it.
 */
export class Hooks {
  readonly #parts: HooksParts;
  readonly #outlets: readonly Outlet[];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: HooksParts) {
    const { segment, index, isOneOfSeveral, node, changesOf, say, now } = parts;
    // Webhooks know a document by its id alone, so two segments never have one id.
    const start = isOneOfSeveral ? `${now()}-${index}` : String(now());
    this.#parts = parts;
    this.#outlets = deliveriesOf(parts).map(
      (delivery) => new Outlet({ delivery, segment, node, changesOf, say, start, after }),
    );
  }

  get figures(): readonly OutletFigures[] {
    return this.#outlets.map(({ figures }) => figures);
  }

  /** Who is not told of changes, and why. */
  get problems(): readonly RunningProblem[] {
    const { segment, isOneOfSeveral } = this.#parts;
    const whose = isOneOfSeveral ? `of leases of ${segment}` : 'of leases';
    return this.figures.flatMap(({ name, target, trouble }) =>
      trouble === undefined ? [] : [hookProblem(`the ${name} ${target}`, whose, trouble)],
    );
  }

  begin(): void {
    if (this.#outlets.length === 0) return;
    for (const outlet of this.#outlets) outlet.begin();
    this.#timer = setInterval(() => this.#read(), INTERVAL).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    for (const outlet of this.#outlets) outlet.end();
  }

  #read(): void {
    const { events, lost } = this.#parts.reader.take();
    const changes = events.filter((event) => hookEventOf(event) !== undefined);
    for (const outlet of this.#outlets) outlet.push(changes, lost);
  }
}

function deliveriesOf({ options, directory, version, runs, now }: HooksParts): readonly Delivery[] {
  const { program, webhook, milliseconds } = options;
  return [
    ...(program === undefined
      ? []
      : [oneAtATime(programDelivery({ program, milliseconds, directory }), runs)]),
    ...(webhook === undefined ? [] : [webhookDelivery({ ...webhook, milliseconds, version, now })]),
  ];
}

function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds).unref();
  return () => clearTimeout(timer);
}

/** It keeps no guest from an address. */
function hookProblem(who: string, whose: string, trouble: string): RunningProblem {
  return {
    name: 'hook',
    message: `${who} is not told of changes ${whose}: ${trouble}`,
    remedy: 'see the log for what it said; once it works, it is told how many changes it has missed',
    stopsNewGuests: false,
  };
}
