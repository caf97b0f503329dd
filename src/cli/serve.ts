import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { LoadedSettings } from '../config/loading/load-settings.ts';
import { problemOf, problemToText } from '../config/problem.ts';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import { LogOutput } from '../log/log-output.ts';
import { createLogger, type Logger, logOf } from '../log/logger.ts';
import type { Say } from '../log/say.ts';
import { apiCertificateProblems } from '../management/gateway/api-certificates.ts';
import { managedGateway } from '../management/gateway/managed-gateway.ts';
import { apiSecrets } from '../management/gateway/secrets.ts';
import { hookOptions } from '../management/hooks/hook-options.ts';
import { type ReadAgain, Reload } from '../server/declaration/reload.ts';
import { SeveralHealth } from '../server/several-health.ts';
import { type Declarations, SeveralServers } from '../server/several-servers.ts';
import { HEALTH_SOCKET, HealthEndpoint } from '../server/status/health.ts';
import { prepareDirectory } from '../store/sqlite/disk/directory.ts';
import { giveBackUnused } from '../transport/linux/unused-memory.ts';
import { managedSegment, managementOptions, wantsManagement } from './serve/management-options.ts';
import { type OfProcess, SegmentServer } from './serve/segment-server.ts';
import { ManagementThread } from './serve/start-management.ts';
import { startSegments } from './serve/start-segments.ts';
import { stopSignal } from './serve/stop-signal.ts';
import { watchForChanges } from './serve/watch-file.ts';

/** Time from the start to the full check of the lease file: milliseconds. */
const FULL_CHECK_AFTER = 30_000;
/** The thread of the API starts so much later, since its start takes a processor while guests wait: milliseconds. */
const GUESTS_FIRST = 20;
/** Time from the start until memory that only the start needed is given back: milliseconds. */
const GIVE_BACK_AFTER = 15_000;
const NOT_RELOADED = 'the settings could not be read again; the previous ones stay in force';
/** The name of the segment of a process that has no list of them. */
const ALONE = '';

type Segments = ReadonlyMap<string, SegmentServer>;

/**
 * Runs the gateway until SIGTERM or SIGINT, and returns the exit status.
 *
 * @param load Reads the settings again, for a reload.
 */
export async function serve(loaded: LoadedSettings, load: ReadAgain): Promise<number> {
  refuseChoice(loaded);
  const { settings, warnings } = loaded;
  const log = createLogger(settings, new LogOutput(1), isatty(1), systemClock.now);
  for (const warning of warnings) log.warn({ setting: warning.setting }, problemToText(warning));

  const secrets = apiSecrets(settings);
  refuseCertificate(loaded);
  const startedAt = systemClock.now();
  const stopped = stopSignal();
  let isStopping = false;
  void stopped.then(() => (isStopping = true));
  const segments = segmentsOf(loaded, (name) => ({
    log: loaded.segments.length > 1 ? logOf(log, { segment: name }) : log,
    isStopping: () => isStopping,
    settingsProblem: () => reload.problem,
    apiProblems: () => management.problems,
    adopted: () => management.adopted(),
  }));
  const all = [...segments.values()];
  const tryDirectories = async () => void (await Promise.all(all.map((each) => each.tryDirectory())));
  const health = new HealthEndpoint(
    join(settings.leasesDir, HEALTH_SOCKET),
    healthOf(loaded, segments),
    log,
    tryDirectories,
  );
  const declarations = (from: LoadedSettings) => declarationsOf(from, segments);
  const reload: Reload<Declarations> = new Reload(
    loaded,
    load,
    declarations,
    new SeveralServers(
      new Map([...segments].map(([name, each]) => [name, adopterOf(each)])),
      declarations(loaded),
    ),
    log,
  );
  const say: Say = (level, ...line) => log[level](...line);
  const hooks = hookOptions(settings);
  const management = new ManagementThread(
    () =>
      managementOptions(
        settings,
        secrets,
        hooks,
        startedAt,
        all.map((each) => managedSegment(each.settings, each.memory)),
      ),
    all.map((each) => managedGateway(() => each.server, reload, each.tryDirectory)),
    systemClock,
    say,
  );

  const unwatch = reloadOnDemand(loaded, reload, log);
  if (loaded.segments.length > 0) prepareDirectory(settings.leasesDir);
  await Promise.race([startSegments(all, loaded.segments.length > 1), stopped]);
  if (!isStopping) await health.open();
  const cancelManagement =
    !isStopping && wantsManagement(settings)
      ? systemClock.after(GUESTS_FIRST, () => management.start())
      : () => {};
  const stopping = new AbortController();
  const cancelCheck = systemClock.after(FULL_CHECK_AFTER, () => void checkFiles(all, stopping.signal));
  const cancelGiving = systemClock.after(GIVE_BACK_AFTER, giveBackUnused);
  const signal = await stopped;
  cancelCheck();
  cancelGiving();
  cancelManagement();
  unwatch();
  stopping.abort();
  log.info({ signal }, 'stopping');
  const isShared = all.some((each) => each.isShared);
  const closed = isShared ? undefined : health.close();
  await Promise.all([...all.map((each) => each.stop()), management.end(), closed]);
  await Promise.all(all.map((each) => each.endThread()));
  // It deletes a file, which would hang on a disk that hangs.
  if (isShared && all.every((each) => !each.isHeldUp)) await health.close();
  return 0;
}

/** By their names in the list; the one of a process without a list has none. */
function segmentsOf(loaded: LoadedSettings, ofProcess: (name: string) => OfProcess): Segments {
  if (loaded.segments.length === 0) return new Map([[ALONE, new SegmentServer(loaded, ofProcess(ALONE))]]);
  // Each segment that shares its leases waits for the end of the process.
  process.setMaxListeners(process.getMaxListeners() + loaded.segments.length * 2);
  return new Map(
    loaded.segments.map((segment) => [segment.name, new SegmentServer(segment, ofProcess(segment.name))]),
  );
}

function healthOf(loaded: LoadedSettings, segments: Segments) {
  const servers = () => new Map([...segments].map(([name, { server }]) => [name, server]));
  const [only] = segments.values();
  return loaded.segments.length === 0 && only !== undefined ? only.server : new SeveralHealth(servers);
}

function declarationsOf(loaded: LoadedSettings, segments: Segments): Declarations {
  const list = loaded.segments.length > 0 ? loaded.segments : [{ name: ALONE, ...loaded }];
  const [any] = segments.values();
  return new Map(
    list.flatMap(({ name, settings, origins }) => {
      const server = segments.get(name) ?? any; // One that is added is refused by its name.
      return server === undefined ? [] : [[name, server.declarationOf({ settings, origins })] as const];
    }),
  );
}

/** The server that runs when it is asked, for it may be another one by then. */
function adopterOf(segment: SegmentServer) {
  return {
    refusals: (next: Parameters<SegmentServer['server']['refusals']>[0]) => segment.server.refusals(next),
    faults: (next: Parameters<SegmentServer['server']['faults']>[0]) => segment.server.faults(next),
    show: (next: Parameters<SegmentServer['show']>[0]) => segment.show(next),
    adopt: (next: Parameters<SegmentServer['server']['adopt']>[0]) => segment.server.adopt(next),
  };
}

/** Reloads by SIGHUP, and if it is set, when the file changes. Returns what ends that. */
function reloadOnDemand(
  { settings }: LoadedSettings,
  reload: Pick<Reload, 'request'>,
  log: Logger,
): () => void {
  const reloadFor = (author: string) => {
    reload
      .request({ isTrial: false, author })
      .catch((error: unknown) => log.error({ err: error }, NOT_RELOADED));
  };
  process.on('SIGHUP', () => reloadFor('SIGHUP'));
  const { settingsFile, watchesFile } = settings;
  return settingsFile !== undefined && watchesFile
    ? watchForChanges(settingsFile, systemClock, () => reloadFor(`a change of ${settingsFile}`))
    : () => {};
}

/** One after the other: each is a process that reads a whole file. */
async function checkFiles(segments: readonly SegmentServer[], stopping: AbortSignal): Promise<void> {
  for (const segment of segments) if (!stopping.aborted) await segment.checkFile(stopping);
}

/** @throws GatewayError 'bad-settings' if one of the list's segments is named: that is for commands that ask about it. */
function refuseChoice({ segments, origins }: LoadedSettings): void {
  if (segments.length === 0 || origins.segment.source === 'default') return;
  const message = 'names a segment, and the settings file has a list of them, all of which are served';
  const remedy = 'leave it out, and name each segment in its entry';
  throw new GatewayError(
    'bad-settings',
    problemToText(problemOf({ key: 'segment', message, remedy }, origins.segment)),
  );
}

/** @throws GatewayError 'bad-settings' if TLS does not work with the certificate of the API. For its dates the start goes on. */
function refuseCertificate(loaded: LoadedSettings): void {
  const problems = apiCertificateProblems(loaded, systemClock.now());
  const unusable = problems.filter(({ kind }) => kind === 'unusable').map(problemToText);
  if (unusable.length > 0) throw new GatewayError('bad-settings', unusable.join('; and '));
}
