import type { Command } from 'commander';
import { withDerived } from '../config/loading/derived-values.ts';
import type { LoadedSettings, RejectedSettings } from '../config/loading/load-settings.ts';
import type { Flags } from '../config/loading/origins.ts';
import { shownSettings } from '../config/loading/shown-settings.ts';
import { planOfSettings } from '../config/plan-of-settings.ts';
import { type Problem, problemToText } from '../config/problem.ts';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { droppingRulesFor } from '../diagnosis/firewall/read-firewall.ts';
import type { Dropping } from '../diagnosis/firewall/ruleset.ts';
import { doubtsOfPlan, planDoubtToText, type RunningLease } from '../diagnosis/plan-doubts.ts';
import { EXIT_STATUS, GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import { apiCertificateProblems } from '../management/gateway/api-certificates.ts';
import { apiSecrets } from '../management/gateway/secrets.ts';
import { hardwareFromText, NO_HARDWARE } from '../net/hardware-address.ts';
import { ipv4FromText, ipv4ToText, UNSPECIFIED } from '../net/ipv4.ts';
import type { Link } from '../net/link.ts';
import { findListenAddress, LISTEN_KEYS, type ListenSettings } from '../server/listen/find-listen-address.ts';
import type { ListenAddressSearch } from '../server/parts/listen-address-search.ts';
import { certificateFiles, etcdCertificateProblem } from '../sharing/etcd-connection.ts';
import {
  type CertificateFault,
  type CertificateFiles,
  faultsOf,
  readFiles,
} from '../store/etcd/client/certificate-files.ts';
import { tryDirectory } from '../store/sqlite/disk/directory.ts';
import { hasLeaseFile, openLeaseReader } from '../store/sqlite/lease-reader.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import { readInterfaces } from '../transport/linux/interfaces.ts';
import { type CheckReport, writeReport } from './check-report.ts';
import { checkSegments, writeSegments } from './config-check-segments.ts';
import { loadWithFile } from './load-with-file.ts';
import { jsonText } from './output/json.ts';
import { standardOutput } from './output/output.ts';
import { addSettingOptions, flagsOf } from './setting-options.ts';

/** Exit status, as of `health`: the settings are right, but a new guest would get no address. */
const DROPPED = 1;

const FIREWALL_NOT_READ =
  'the rules of the firewall could not be looked at: run this as root, where nft or iptables is installed';

const STATUSES = `
Exit status:
  0   no problems
  1   the settings are right, but a firewall rule of this machine drops what
      guests send
  78  a setting is wrong, or cannot be used on this machine`;

export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .description('show every setting, its value and where it came from, and what is wrong with them')
    .option('--json', 'as JSON');
  addSettingOptions(command.addHelpText('after', STATUSES), () => false).action(async () => {
    const flags = flagsOf(command);
    const silent = await silentDiskOf(loadWithFile(flags, process.env).settings.leasesDir);
    const refuse = silent === undefined ? tryDirectory : throwing(silent);
    const loaded = loadWithFile(flags, process.env);
    const links = readInterfaces();
    const checkOf = (settings: LoadedSettings | RejectedSettings) =>
      checkLoaded(settings, links, refuse, {
        leasesIn: silent === undefined ? runningLeases : () => [],
        dropsOn: droppingRulesFor,
        certificateFaults: (files) => faultsOf(files, readFiles(files), systemClock.now()),
      });
    const isOne = loaded.segments.length === 0;
    const report = isOne ? checkOf(loaded) : checkSegments(loaded, checkOf);
    const asJson: unknown = command.getOptionValue('json');
    const output = standardOutput();
    if (asJson === true) output.write(jsonText(report));
    else if ('segments' in report) writeSegments(output, report);
    else writeReport(output, report);
    process.exitCode = report.status;
  });
}

/** The error of a disk that does not answer; undefined: it answers. */
async function silentDiskOf(directory: string | undefined): Promise<GatewayError | undefined> {
  try {
    if (directory !== undefined) await refuseSilentDisk(directory);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}

/** Checks of this host, for what the settings name. */
export interface HostChecks {
  /**
   * The running leases in a leases directory.
   *
   * @throws GatewayError if its file cannot be read.
   */
  readonly leasesIn?: (directory: string) => readonly RunningLease[];
  /** The firewall rules that drop guests' messages on an interface; undefined: the rules cannot be read. */
  readonly dropsOn?: (interfaceName: string) => readonly Dropping[] | undefined;
  /** The faults of the certificates for etcd. */
  readonly certificateFaults?: (files: CertificateFiles) => readonly CertificateFault[];
}

/**
 * Checks settings on a host with these interfaces. A condition for which `serve` would wait is a problem here.
 *
 * @param links The interfaces of the host.
 * @param refuse Throws a GatewayError for a leases directory that cannot be used.
 */
export function checkSettings(
  flags: Flags,
  environment: Environment,
  links: readonly Link[],
  refuse: (directory: string) => void,
  checks: HostChecks = {},
): CheckReport {
  return checkLoaded(loadWithFile(flags, environment), links, refuse, checks);
}

/** The same of settings that were read. */
export function checkLoaded(
  loaded: LoadedSettings | RejectedSettings,
  links: readonly Link[],
  refuse: (directory: string) => void,
  { leasesIn = () => [], dropsOn = () => [], certificateFaults = () => [] }: HostChecks = {},
): CheckReport {
  if (!loaded.ok && isFileUnread(loaded)) return unreadFile(loaded);
  const certificates = certificateFaults(certificateFiles(loaded.settings)).map((fault) => ({
    isProblem: fault.kind === 'unusable' || fault.kind === 'untimely',
    text: problemToText(etcdCertificateProblem(fault, loaded)),
  }));
  const apiCertificates = apiCertificateProblems(loaded, systemClock.now());
  const search = searchWith(loaded, links);
  const listens = search?.kind === 'found' ? search : undefined;
  const shown = shownSettings(loaded.origins, loaded.settings.policy);
  const missing =
    search === undefined || search.kind === 'found' ? [] : [`${search.message}; ${search.remedy}`];
  const wrong = [
    ...(loaded.ok ? [] : texts(loaded.problems)),
    ...directoryProblems(loaded.settings.leasesDir, refuse),
    ...missing,
    ...certificates.filter(({ isProblem }) => isProblem).map(({ text }) => text),
    ...secretProblems(loaded),
    ...apiCertificates.filter(({ kind }) => kind === 'unusable' || kind === 'untimely').map(problemToText),
  ];
  const rules = firewallProblems(search, dropsOn);
  const dropped = rules ?? [];
  const oddity = listens?.warning === undefined ? [] : [listens.warning];
  return {
    ok: wrong.length + dropped.length === 0,
    status: wrong.length > 0 ? EXIT_STATUS['bad-settings'] : dropped.length > 0 ? DROPPED : 0,
    settings: loaded.ok ? withDerived(shown, loaded.settings, listens) : shown,
    listen: listenOf(search),
    warnings: [
      ...texts(loaded.warnings),
      ...oddity,
      ...planWarnings(loaded, search, links, leasesIn),
      ...certificates.filter(({ isProblem }) => !isProblem).map(({ text }) => text),
      ...apiCertificates.filter(({ kind }) => kind === 'ending' || kind === 'doubtful').map(problemToText),
    ],
    problems: [...wrong, ...dropped],
    notes: rules === undefined ? [FIREWALL_NOT_READ] : [],
  };
}

/** Whether nothing could be read of the settings file that is named. The settings that are known then are not those meant. */
function isFileUnread({ origins, problems }: RejectedSettings): boolean {
  if (Object.values(origins).some(({ source }) => source === 'file')) return false;
  return problems.some(({ setting }) => setting === SETTINGS.settingsFile.variable);
}

/** The problems alone: everything else would be about defaults. */
function unreadFile({ problems, warnings }: RejectedSettings): CheckReport {
  return {
    ok: false,
    status: EXIT_STATUS['bad-settings'],
    settings: [],
    listen: undefined,
    warnings: texts(warnings),
    problems: texts(problems),
    notes: [],
  };
}

/** Why `serve` would not start with the secrets of the API. They are not shown. */
function secretProblems(loaded: LoadedSettings | RejectedSettings): readonly string[] {
  if (!loaded.ok) return [];
  try {
    apiSecrets(loaded.settings);
    return [];
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [error.message];
  }
}

/** Doubts about what the settings mean for guests; none while the listen address is unknown. */
function planWarnings(
  loaded: LoadedSettings | RejectedSettings,
  search: ListenAddressSearch | undefined,
  links: readonly Link[],
  leasesIn: (directory: string) => readonly RunningLease[],
): readonly string[] {
  if (!loaded.ok || search?.kind !== 'found') return [];
  const own = links.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  const plan = planOfSettings(loaded.settings, search, own);
  try {
    return doubtsOfPlan(plan, leasesIn(loaded.settings.leasesDir)).map(planDoubtToText);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [
      ...doubtsOfPlan(plan, []).map(planDoubtToText),
      `the leases could not be looked at: ${error.message}`,
    ];
  }
}

/** The firewall rules because of which no guest gets an address; undefined: the rules cannot be read. */
function firewallProblems(
  search: ListenAddressSearch | undefined,
  dropsOn: (interfaceName: string) => readonly Dropping[] | undefined,
): readonly string[] | undefined {
  if (search?.kind !== 'found') return [];
  const { interfaceName } = search;
  return dropsOn(interfaceName)?.map(
    ({ text, letIn }) =>
      `the firewall drops what guests send to UDP port 67 on ${interfaceName}, so none gets an address: ${text}; to let it in: ${letIn}`,
  );
}

/** The running leases; none if there is no lease file yet. */
function runningLeases(directory: string): readonly RunningLease[] {
  if (!hasLeaseFile(directory)) return [];
  const reader = openLeaseReader(directory);
  try {
    return [...reader.leases({ state: 'bound' })].map(({ address, mac }) => ({
      address: ipv4FromText(address) ?? UNSPECIFIED,
      hardware: (mac === null ? undefined : hardwareFromText(mac)) ?? NO_HARDWARE,
    }));
  } finally {
    reader.close();
  }
}

function directoryProblems(
  directory: string | undefined,
  refuse: (directory: string) => void,
): readonly string[] {
  if (directory === undefined) return [];
  try {
    refuse(directory);
    return [];
  } catch (error) {
    if (error instanceof GatewayError) return [error.message];
    throw error;
  }
}

/** Undefined: the settings of the listen address are wrong themselves. */
function searchWith(
  loaded: LoadedSettings | RejectedSettings,
  links: readonly Link[],
): ListenAddressSearch | undefined {
  if (loaded.ok) return findListenAddress(loaded.settings, links);
  // A file that cannot be read may have them.
  const deciding = [...LISTEN_KEYS, 'settingsFile' as const].map((key) => SETTINGS[key].variable);
  if (loaded.problems.some(({ setting }) => deciding.includes(setting))) return undefined;
  return findListenAddress(loaded.settings as ListenSettings, links);
}

function texts(problems: readonly Problem[]): readonly string[] {
  return problems.map(problemToText);
}

function listenOf(search: ListenAddressSearch | undefined): CheckReport['listen'] {
  if (search?.kind !== 'found') return undefined;
  const { listenIp, interfaceName, prefixLength, mtu } = search;
  return { listenIp: ipv4ToText(listenIp), interface: interfaceName, prefixLength, mtu };
}
