import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { LoadedSettings } from '../../config/loading/load-settings.ts';
import { shownSettings } from '../../config/loading/shown-settings.ts';
import { planOfSettings } from '../../config/plan-of-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { sharedSettingTexts } from '../../config/shared-settings.ts';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import { decide } from '../../engine/decide.ts';
import { GatewayError } from '../../errors.ts';
import type { Clock } from '../../lease/clock.ts';
import { INFINITE_SECONDS } from '../../lease/lease.ts';
import { systemClock } from '../../lease/system-clock.ts';
import type { Logger } from '../../log/logger.ts';
import type { Say } from '../../log/say.ts';
import { SAMPLE_RING_BYTES } from '../../management/samples/sample-ring.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import { Counters } from '../../reporting/counters.ts';
import { SharedEvents } from '../../reporting/shared-events.ts';
import type { Declaration } from '../../server/declaration/declaration.ts';
import { findListenAddress } from '../../server/listen/find-listen-address.ts';
import { Server } from '../../server/server.ts';
import { EtcdClusterPeers } from '../../sharing/etcd-cluster-peers.ts';
import { nodeOf, sharedSettings } from '../../sharing/shared-settings.ts';
import type { EtcdStore } from '../../store/etcd/etcd-store.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import { LEASE_FILE } from '../../store/sqlite/disk/directory.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../store/sqlite/open-sqlite-store.ts';
import { readInterfaces } from '../../transport/linux/interfaces.ts';
import { DirectoryTrial } from './directory-trial.ts';
import { listenIpParts, ownAddresses, paceOf } from './host-parts.ts';
import { logIntegrity } from './log-integrity.ts';
import { logOpening } from './log-opening.ts';
import { Sockets } from './sockets.ts';
import { MirrorThread } from './start-mirror-thread.ts';
import { systemBoot } from './system-boot.ts';

/** How long the start waits for an earlier process to release the lease file: milliseconds. */
const LOCK_WAIT = 5000;
/** The largest number of history rows, however new they are. */
const HISTORY_ROWS = 1_000_000;
/** The number of different hash seeds: the most that `randomInt` allows. */
const SEEDS = 2 ** 48 - 1;
/** Time until a segment that did not start is tried again; it doubles with each attempt: milliseconds. */
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 60_000;

/** What a segment has of the process that serves it. */
export interface OfProcess {
  readonly log: Logger;
  /** True: a stop was asked for, so nothing more is opened. */
  isStopping(): boolean;
  settingsProblem(): RunningProblem | undefined;
  apiProblems(): readonly RunningProblem[];
  /** Other settings of the segment are in force. */
  adopted(): void;
}

type Loaded = Pick<LoadedSettings, 'settings' | 'origins'>;

/** The server of one segment with its real parts. A server that does not start is followed by another one. */
export class SegmentServer {
  /** What is counted and told of the segment, for other threads. It outlives the server. */
  readonly memory: {
    readonly counters: SharedArrayBuffer;
    readonly events: SharedArrayBuffer;
    readonly samples: SharedArrayBuffer;
  };
  readonly #process: OfProcess;
  readonly #loaded: Loaded;
  readonly #counters = new Counters();
  readonly #events = new SharedEvents(() => systemClock.now());
  readonly #directory: DirectoryTrial;
  readonly #thread: MirrorThread;
  readonly #sockets: Sockets;
  #gateways = new EtcdClusterPeers();
  #declaration: Declaration;
  #settings: Settings;
  #server: Server;
  #failure: RunningProblem | undefined;
  #wait = FIRST_WAIT;
  #cancelStart: () => void = () => {};

  constructor(loaded: Loaded, ofProcess: OfProcess) {
    const { settings } = loaded;
    this.#process = ofProcess;
    this.#loaded = loaded;
    this.#settings = settings;
    this.#directory = new DirectoryTrial(settings.leasesDir, systemClock);
    this.#thread = new MirrorThread(systemClock, this.#say);
    this.#sockets = new Sockets(() => this.#settings, ofProcess.log);
    this.#declaration = this.declarationOf(loaded);
    this.#server = this.#newServer();
    const samples = new SharedArrayBuffer(SAMPLE_RING_BYTES);
    this.memory = { counters: this.#counters.memory, events: this.#events.memory, samples };
  }

  /** The one that runs, or was tried last. */
  get server(): Server {
    return this.#server;
  }

  /** Those in force. */
  get settings(): Settings {
    return this.#settings;
  }

  get isShared(): boolean {
    return sharedSettings(this.#loaded) !== undefined;
  }

  /** True: a disk holds up the thread that writes the mirror. */
  get isHeldUp(): boolean {
    return this.#thread.isRunning;
  }

  /** Finds out what only an attempt shows, for a bounded time. */
  readonly tryDirectory = (): Promise<void> => this.#directory.tryIt();

  /** @throws GatewayError for a condition that does not end by itself. */
  start(): Promise<void> {
    return this.#server.start();
  }

  /** Starts, however often that takes, and says each time why it failed. Resolves with the first attempt's failure. */
  async startPatiently(): Promise<unknown> {
    try {
      await this.start();
      if (this.#failure !== undefined) this.#process.log.info({}, 'the segment is started after all');
      this.#failure = undefined;
      this.#wait = FIRST_WAIT;
      return undefined;
    } catch (error) {
      if (!this.#process.isStopping()) await this.#tryAgainLater(error);
      return error;
    }
  }

  async #tryAgainLater(error: unknown): Promise<void> {
    const again = this.#wait;
    this.#wait = Math.min(again * 2, LONGEST_WAIT);
    const cause = error instanceof GatewayError ? error.message : stackOf(error);
    const remedy = 'see to it; it is tried again by itself, and the other segments are served';
    this.#failure = {
      name: 'not-started',
      message: `it does not start: ${cause}`,
      remedy,
      stopsNewGuests: true,
    };
    const fields = { cause, againInMilliseconds: again, remedy };
    this.#process.log.error(fields, 'the segment does not start');
    await this.#thread.end();
    this.#gateways.certificates?.close();
    this.#gateways = new EtcdClusterPeers();
    this.#server = this.#newServer();
    this.#cancelStart = systemClock.after(again, () => void this.startPatiently());
  }

  /** Checks every row of the lease file, in another process. The quick check at the start does not read every row. */
  checkFile(stopping: AbortSignal): Promise<void> {
    return logIntegrity(this.#process.log, join(this.#loaded.settings.leasesDir, LEASE_FILE), stopping);
  }

  async stop(): Promise<void> {
    this.#cancelStart();
    await this.#server.stop();
  }

  endThread(): Promise<void> {
    return this.#thread.end();
  }

  /** Shows the settings as this declaration has them; its values are those in force. */
  show(next: Declaration): void {
    this.#declaration = next;
    this.#server.show(next);
  }

  declarationOf({ settings, origins }: Loaded): Declaration {
    return {
      planOf: (listen) => ({
        ...planOfSettings(settings, listen, ownAddresses()),
        ...(this.#sockets.canAsk ? {} : { probeMilliseconds: 0 }),
      }),
      values: settings,
      reservations: settings.policy?.reservations ?? [],
      settings: shownSettings(origins, settings.policy),
    };
  }

  readonly #say: Say = (level, ...line) => this.#process.log[level](...line);

  #newServer(): Server {
    const { log, settingsProblem, apiProblems, adopted } = this.#process;
    const gateways = this.#gateways;
    return new Server({
      clock: systemClock,
      log,
      boot: systemBoot(),
      decide,
      seed: randomInt(2 ** 32),
      openStore: (inFlight) => this.#openStore(inFlight, gateways),
      ...(this.isShared ? { clusterPeers: gateways } : {}),
      findListenAddress: (served) => findListenAddress(this.#settings, readInterfaces(), served),
      listenIp: listenIpParts(this.#loaded.settings),
      openMedium: async (listen) => {
        await announce(gateways.store, this.#settings, listen);
        return this.#sockets.open(listen);
      },
      ...this.#declaration,
      pace: this.isShared ? undefined : paceOf(this.#loaded.settings),
      soon: (run) => void setImmediate(run),
      directoryFault: () => this.#directory.fault,
      startProblem: () => this.#failure,
      settingsProblem,
      apiProblems,
      adopted: (next) => {
        const { values = this.#settings } = next;
        this.#declaration = next;
        this.#settings = values;
        gateways.store?.describe(sharedSettingTexts(values));
        adopted();
      },
      waits: this.#settings.wait,
      counters: this.#counters,
      observer: this.#events,
    });
  }

  async #openStore(inFlight: ReadonlySet<Ipv4>, gateways: EtcdClusterPeers): Promise<LeaseStore> {
    const options = { ...storeOptions(this.#loaded.settings, inFlight), say: this.#say };
    const shared = sharedSettings(this.#loaded);
    if (shared === undefined) {
      const store = openSqliteStore(options);
      logOpening(this.#process.log, store.opening);
      return store;
    }
    // Loaded only where leases are shared.
    const { openEtcd } = await import('../../sharing/etcd-connection.ts');
    const { sharedStore } = await import('../../sharing/shared-store.ts');
    const { etcd, certificates } = await openEtcd(shared, this.#say);
    const mirror = await this.#thread.open(options).catch((error: unknown) => {
      etcd.close();
      certificates?.close();
      throw error;
    });
    if (this.#process.isStopping()) return new Promise(() => {}); // A stop was asked for: nothing more is opened.
    logOpening(this.#process.log, mirror.opening);
    certificates?.watch();
    gateways.certificates = certificates;
    gateways.store = sharedStore({
      ...{ shared, etcd, mirror, inFlight, say: this.#say },
      placement: () => this.#server.placement,
    });
    return gateways.store;
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Tells the other gateways the listen IP and the settings of this one.
 *
 * @throws GatewayError 'bad-settings' if one of them contradicts it.
 */
async function announce(
  store: EtcdStore | undefined,
  settings: Settings,
  { listenIp }: ListenAddress,
): Promise<void> {
  const contradiction = await store?.serveAs(listenIp, sharedSettingTexts(settings));
  if (contradiction !== undefined) throw new GatewayError('bad-settings', contradiction);
}

function storeOptions(
  settings: Settings,
  inFlight: SqliteStoreOptions['inFlight'],
): SqliteStoreOptions & { readonly clock: Clock } {
  const seconds = settings.history === INFINITE_SECONDS ? Number.POSITIVE_INFINITY : settings.history;
  return {
    directory: settings.leasesDir,
    inFlight,
    now: systemClock.now(),
    seed: randomInt(SEEDS),
    node: nodeOf(settings),
    history: { seconds, rows: HISTORY_ROWS },
    lockWaitMilliseconds: LOCK_WAIT,
    clock: systemClock,
  };
}
