import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { LoadedSettings } from '../config/load-settings.ts';
import { planOfSettings } from '../config/plan-of-settings.ts';
import { poolRanges, rangesToText } from '../config/pools.ts';
import { problemToText } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { sharedSettingTexts } from '../config/shared-settings.ts';
import { shownSettings } from '../config/shown-settings.ts';
import { decide } from '../engine/decide.ts';
import { GatewayError } from '../errors.ts';
import type { Clock } from '../lease/clock.ts';
import { INFINITE_SECONDS } from '../lease/lease.ts';
import { LogOutput } from '../log/log-output.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import type { Say } from '../log/say.ts';
import { apiCertificateProblems } from '../management/api-certificates.ts';
import { hookOptions } from '../management/hooks/hook-options.ts';
import { managedGateway } from '../management/managed-gateway.ts';
import { SAMPLE_BYTES } from '../management/samples/sample-ring.ts';
import { apiSecrets } from '../management/secrets.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import { prefixOf } from '../net/prefix.ts';
import { SharedEvents } from '../reporting/shared-events.ts';
import type { Declaration } from '../server/declaration.ts';
import { findListenAddress } from '../server/find-listen-address.ts';
import { HEALTH_SOCKET, HealthEndpoint } from '../server/health.ts';
import { type ReadAgain, Reload } from '../server/reload.ts';
import { Server } from '../server/server.ts';
import type { ListenIpParts, Medium } from '../server/server-parts.ts';
import { systemClock } from '../server/system-clock.ts';
import { EtcdClusterPeers } from '../sharing/etcd-cluster-peers.ts';
import { openEtcd } from '../sharing/etcd-connection.ts';
import { nodeOf, sharedSettings } from '../sharing/shared-settings.ts';
import { sharedStore } from '../sharing/shared-store.ts';
import type { EtcdStore } from '../store/etcd/etcd-store.ts';
import { LEASE_FILE } from '../store/sqlite/disk/directory.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../store/sqlite/open-sqlite-store.ts';
import { checkIntegrity } from '../store/sqlite/salvage/check-integrity.ts';
import { readInterfaces } from '../transport/linux/interfaces.ts';
import { openListenIpArp, openTransport } from '../transport/open-transport.ts';
import { DefendedMark } from './serve/defended-mark.ts';
import { DirectoryTrial } from './serve/directory-trial.ts';
import { logOpening } from './serve/log-opening.ts';
import { managementOptions } from './serve/management-options.ts';
import { ManagementThread } from './serve/start-management.ts';
import { MirrorThread } from './serve/start-mirror-thread.ts';
import { stopSignal } from './serve/stop-signal.ts';
import { systemBoot } from './serve/system-boot.ts';
import { watchForChanges } from './serve/watch-file.ts';

/** How long the start waits for an earlier process to release the lease file: milliseconds. */
const LOCK_WAIT = 5000;
/** The largest number of history rows, however new they are. */
const HISTORY_ROWS = 1_000_000;
/** The number of different hash seeds: the most that `randomInt` allows. */
const SEEDS = 2 ** 48 - 1;
/** Time from the start to the full check of the lease file: milliseconds. */
const FULL_CHECK_AFTER = 30_000;
const NOT_RELOADED = 'the settings could not be read again; the previous ones stay in force';

/**
 * Runs the gateway until SIGTERM or SIGINT, and returns the exit status. Only this function chooses the concrete parts.
 *
 * @param load Reads the settings again, for a reload.
 */
export async function serve(loaded: LoadedSettings, load: ReadAgain): Promise<number> {
  const { settings, warnings } = loaded;
  const log = createLogger(settings, new LogOutput(1), isatty(1), systemClock.now);
  for (const warning of warnings) log.warn({ setting: warning.setting }, problemToText(warning));

  const secrets = apiSecrets(settings);
  refuseCertificate(loaded);
  const startedAt = systemClock.now();
  const events = new SharedEvents(() => systemClock.now());
  let current = settings;
  const shared = sharedSettings(loaded);
  const gateways = new EtcdClusterPeers();
  const sockets = new Sockets(() => current, log);
  const directory = new DirectoryTrial(settings.leasesDir, systemClock);
  const say: Say = (level, ...line) => log[level](...line);
  const thread = new MirrorThread(systemClock, say);
  const stopped = stopSignal();
  let isStopping = false;
  void stopped.then(() => (isStopping = true));
  const declarationOf = (from: LoadedSettings): Declaration => ({
    planOf: (listen) => ({
      ...planOfSettings(from.settings, listen, ownAddresses()),
      ...(sockets.canAsk ? {} : { probeMilliseconds: 0 }),
    }),
    values: from.settings,
    reservations: from.settings.policy?.reservations ?? [],
    settings: shownSettings(from.origins, from.settings.policy),
  });
  const server: Server = new Server({
    clock: systemClock,
    log,
    boot: systemBoot(),
    decide,
    seed: randomInt(2 ** 32),
    openStore: async (inFlight) => {
      const options = { ...storeOptions(settings, inFlight), say };
      if (shared === undefined) {
        const store = openSqliteStore(options);
        logOpening(log, store.opening);
        return store;
      }
      const { etcd, certificates } = await openEtcd(shared, say);
      const mirror = await thread.open(options);
      if (isStopping) return new Promise(() => {}); // A stop was asked for: nothing more is opened.
      logOpening(log, mirror.opening);
      certificates?.watch();
      gateways.certificates = certificates;
      gateways.store = sharedStore({
        ...{ shared, etcd, mirror, inFlight, say },
        placement: () => server.placement,
      });
      return gateways.store;
    },
    ...(shared === undefined ? {} : { clusterPeers: gateways }),
    findListenAddress: (served) => findListenAddress(current, readInterfaces(), served),
    listenIp: listenIpParts(settings),
    openMedium: async (listen) => {
      await announce(gateways.store, current, listen);
      return sockets.open(listen);
    },
    ...declarationOf(loaded),
    directoryFault: () => directory.fault,
    settingsProblem: () => reload.problem,
    apiProblems: () => management.problems,
    adopted: ({ values = current }) => {
      current = values;
      gateways.store?.describe(sharedSettingTexts(values));
      management.adopted();
    },
    waits: settings.wait,
    observer: events,
  });
  const tryDirectory = () => directory.tryIt();
  const health = new HealthEndpoint(join(settings.leasesDir, HEALTH_SOCKET), server, log, tryDirectory);
  const reload: Reload = new Reload(loaded, load, declarationOf, server, log);
  const beside = {
    hooks: hookOptions(settings),
    counters: server.counterMemory,
    events: events.memory,
    samples: new SharedArrayBuffer(SAMPLE_BYTES),
  };
  const management = new ManagementThread(
    () => managementOptions(current, secrets, beside, startedAt),
    managedGateway(server, reload, tryDirectory),
    systemClock,
    say,
  );

  const reloadFor = (author: string) => {
    reload
      .request({ isTrial: false, author })
      .catch((error: unknown) => log.error({ err: error }, NOT_RELOADED));
  };
  process.on('SIGHUP', () => reloadFor('SIGHUP'));
  const { settingsFile, watchesFile } = settings;
  const unwatch =
    settingsFile !== undefined && watchesFile
      ? watchForChanges(settingsFile, () => reloadFor(`a change of ${settingsFile}`))
      : () => {};
  await Promise.race([server.start(), stopped]);
  if (!isStopping) await health.open();
  if (!isStopping) management.start();
  const stopping = new AbortController();
  const cancelCheck = systemClock.after(
    FULL_CHECK_AFTER,
    () => void logIntegrity(log, join(settings.leasesDir, LEASE_FILE), stopping.signal),
  );
  const signal = await stopped;
  cancelCheck();
  unwatch();
  stopping.abort();
  log.info({ signal }, 'stopping');
  await Promise.all([server.stop(), management.end(), shared === undefined ? health.close() : undefined]);
  await thread.end();
  if (shared !== undefined && !thread.isRunning) await health.close(); // It deletes a file, which would hang on a disk that hangs.
  return 0;
}

/** @throws GatewayError 'bad-settings' if TLS does not work with the certificate of the API. For its dates the start goes on. */
function refuseCertificate(loaded: LoadedSettings): void {
  const problems = apiCertificateProblems(loaded, systemClock.now());
  const unusable = problems.filter(({ kind }) => kind === 'unusable').map(problemToText);
  if (unusable.length > 0) throw new GatewayError('bad-settings', unusable.join('; and '));
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

function listenIpParts({ leasesDir, gateway, subnetMask }: Settings): ListenIpParts {
  const mark = new DefendedMark(leasesDir, systemClock.now);
  const prefix = prefixOf(gateway, subnetMask);
  return {
    openArp: ({ interfaceName, listenIp }) => openListenIpArp({ interfaceName, listenIp, prefix }),
    ownHardware: () => new Set(readInterfaces().map(({ hardware }) => hardware)),
    defended: (listenIp) => mark.set(listenIp),
    hasDefended: (listenIp) => mark.isRecent(listenIp),
  };
}

function ownAddresses(): readonly Ipv4[] {
  return readInterfaces().flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

/** Checks every row of the lease file, in another process. The quick check at the start does not read every row. */
async function logIntegrity(log: Logger, file: string, stopping: AbortSignal): Promise<void> {
  try {
    const problem = await checkIntegrity(file, stopping);
    if (problem === undefined) log.info({ file }, 'the lease file is sound');
    else
      log.error(
        { file, cause: problem, remedy: 'restart: what can be read is kept' },
        'the lease file is damaged',
      );
  } catch (error) {
    if (!stopping.aborted) log.warn({ file, err: error }, 'the lease file could not be checked');
  }
}

/** Opens sockets and ARP on a listen address, and logs what could not be opened. */
class Sockets {
  /** True if ARP could be used when the sockets were last opened. */
  canAsk = false;
  readonly #settings: () => Settings;
  readonly #log: Logger;

  constructor(settings: () => Settings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  async open({ interfaceName, listenIp }: ListenAddress): Promise<Medium> {
    const settings = this.#settings();
    const { gateway, subnetMask, allowSeveralInterfaces } = settings;
    const prefix = prefixOf(gateway, subnetMask);
    const checksChaddr = settings.chaddrCheck;
    const options = { interfaceName, listenIp, prefix, allowSeveralInterfaces, checksChaddr };
    const opened = await openTransport(options);
    const { transport, arp, ports, shortcomings } = opened;
    for (const shortcoming of shortcomings) this.#log.warn({ transport: transport.kind }, shortcoming);
    this.canAsk = arp.canAsk;
    this.#log.info(
      {
        interface: interfaceName,
        listenIp: ipv4ToText(listenIp),
        router: ipv4ToText(gateway),
        pool: rangesToText(poolRanges(settings)),
        transport: transport.kind,
        arp: arp.canAsk,
        bridge: ports?.hasBridge === true,
      },
      'sockets opened',
    );

    let failure: string | undefined;
    transport.onLost((reason) => (failure = reason));
    arp.onLost((reason) => (failure = reason));
    return {
      transport,
      arp,
      ports,
      shortcomings,
      lost: () => opened.lost(),
      sentinelFrames: () => opened.sentinelFrames(),
      hasCarrier: () => opened.hasCarrier(),
      isUp: () => opened.isUp(),
      countFrames: () => opened.countFrames(),
      failure: () => failure,
      close: () => opened.close(),
    };
  }
}
