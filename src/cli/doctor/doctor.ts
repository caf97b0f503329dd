import { join } from 'node:path';
import type { Command } from 'commander';
import type { LoadedSettings, RejectedSettings } from '../../config/loading/load-settings.ts';
import type { Flags } from '../../config/loading/origins.ts';
import { gatewaysOf } from '../../config/plan-of-settings.ts';
import { problemToText } from '../../config/problem.ts';
import type { Environment } from '../../config/settings.ts';
import { directoryLines } from '../../diagnosis/doctor/directory-lines.ts';
import {
  bad,
  type DoctorLine,
  good,
  statusOfLines,
  unknown,
  warning,
} from '../../diagnosis/doctor/doctor-line.ts';
import { gatewayLines } from '../../diagnosis/doctor/gateway-lines.ts';
import { linkLines } from '../../diagnosis/doctor/link-lines.ts';
import { machineLines } from '../../diagnosis/doctor/machine-lines.ts';
import { portLines } from '../../diagnosis/doctor/port-lines.ts';
import { segmentLines } from '../../diagnosis/doctor/segment-lines.ts';
import { withoutConsequences } from '../../diagnosis/doctor/without-consequences.ts';
import { droppingRulesFor } from '../../diagnosis/firewall/read-firewall.ts';
import { asTyped } from '../../diagnosis/sentence.ts';
import { GatewayError } from '../../errors.ts';
import { ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import { contains, prefixOf } from '../../net/prefix.ts';
import type { Status } from '../../reporting/status.ts';
import { findListenAddress } from '../../server/listen/find-listen-address.ts';
import type { ListenAddressSearch } from '../../server/parts/listen-address-search.ts';
import { askHealthOfAll, HEALTH_SOCKET } from '../../server/status/health.ts';
import { readClusterReport } from '../../sharing/cluster-report.ts';
import { sharedSettings } from '../../sharing/shared-settings.ts';
import { readInterfaces } from '../../transport/linux/interfaces.ts';
import { ofEachSegment, statusOfSegment } from '../chosen-segment.ts';
import { problemsOf } from '../exact-remedy.ts';
import { loadWithFile } from '../load-with-file.ts';
import { noAnswer } from '../no-answer.ts';
import { jsonText } from '../output/json.ts';
import { etcdOfRunning } from '../running-etcd.ts';
import { addSettingOptions, flagsOf } from '../setting-options.ts';
import { surroundingsOfProcess } from '../surroundings.ts';
import { askSegment } from './ask-segment.ts';
import { clusterLines, etcdOfOthers } from './cluster-lines.ts';
import { gatewaysKnownTo } from './known-gateways.ts';
import { type Examined, writeExamined } from './lines-to-text.ts';
import { readDirectory } from './read-directory.ts';
import { readLink } from './read-link.ts';
import { readMachine } from './read-machine.ts';
import { readPort } from './read-port.ts';

/** How long the running gateway may take to answer: milliseconds. */
const ANSWER_TIME = 3000;

const STATUSES = `
Exit status:
  0   each line is good, a note, or unknown
  1   there is a warning
  2   something is bad: guests get no address, or soon none
It asks the segment by ARP for the listen IP and the router, and by a
DHCPDISCOVER for other servers, which takes four seconds.`;

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  const command = program
    .command('doctor')
    .description('look at this node for what keeps guests from an address, and say what mends it')
    .option('--no-ask', 'send nothing: neither ARP nor a DHCPDISCOVER')
    .option('--json', 'as JSON');
  addSettingOptions(command.addHelpText('after', STATUSES), () => false).action(async () => {
    const asks = command.getOptionValue('ask') !== false;
    const { lines, segments } = await examine(flagsOf(command), surroundings.environment, asks);
    const { output } = surroundings;
    const all = [...lines, ...segments.flatMap((segment) => segment.lines)];
    const status = statusOfLines(all);
    if (command.getOptionValue('json') === true)
      output.write(jsonText({ status, lines, ...(segments.length > 0 && { segments }) }));
    else writeExamined(output, { lines, segments });
    surroundings.exitWith(status);
  });
}

/** All checks of this node. Where several segments are served and none is named, each has lines of its own. */
async function examine(flags: Flags, environment: Environment, asks: boolean): Promise<Examined> {
  const read = loadWithFile(flags, environment);
  const each = ofEachSegment(read);
  const [only] = each;
  const isOne = each.length < 2;
  const loaded = isOne && only !== undefined && read.ok ? { ...only, warnings: read.warnings } : read;
  const holders = readPort();
  const gateway = holders?.find(({ isGateway }) => isGateway)?.pid;
  const ofNode = [...portLines(holders), ...machineLines(readMachine(gateway))];
  const base = read.settings.leasesDir;
  if (!isOne) {
    const segments = each.map(async (segment) => {
      const running = await askRunning(base, segment.settings);
      const segmentLines = await linesOfSegment(segment, asks, running);
      const lines = withoutConsequences([...segmentLines, ...(await storeLines(segment, running))]);
      return { segment: segment.settings.segment ?? '', status: statusOfLines(lines), lines };
    });
    return { lines: [...settingsLines(read), ...ofNode], segments: await Promise.all(segments) };
  }
  const running = await askRunning(base, loaded.settings);
  const segmentLines = loaded.ok ? await linesOfSegment(loaded, asks, running) : [];
  const lines = [
    ...settingsLines(loaded),
    ...segmentLines,
    ...ofNode,
    ...(await storeLines(loaded, running)),
  ];
  return { lines: withoutConsequences(lines), segments: [] };
}

/** The leases directory, the running gateway, and etcd. */
async function storeLines(
  loaded: LoadedSettings | RejectedSettings,
  running: Running,
): Promise<readonly DoctorLine[]> {
  const { leasesDir } = loaded.settings;
  const lines: DoctorLine[] = [];
  if (leasesDir !== undefined) lines.push(...directoryLines(await readDirectory(leasesDir)));
  lines.push(...runningLines(running));
  if (loaded.ok) lines.push(...(await etcdLines(loaded, running)));
  return lines;
}

function settingsLines(loaded: LoadedSettings | RejectedSettings): readonly DoctorLine[] {
  const show = 'vps-gateway check';
  const warnings = loaded.warnings.map((problem) =>
    warning('settings', problemToText(problem), 'the gateway starts all the same', show),
  );
  if (loaded.ok) return [good('settings', 'the settings can be used'), ...warnings];
  return [
    ...loaded.problems.map((problem) =>
      bad('settings', problemToText(problem), 'the gateway does not start', show),
    ),
    ...warnings,
  ];
}

/** Interface, listen IP, firewall, and what the segment answers. */
async function linesOfSegment(
  loaded: LoadedSettings,
  asks: boolean,
  running: Running,
): Promise<readonly DoctorLine[]> {
  const { settings } = loaded;
  const links = readInterfaces();
  const found = findListenAddress(settings, links);
  const name = found.kind === 'found' ? found.interfaceName : settings.interface;
  const link = links.find((each) => each.name === name);
  const lines = link === undefined ? [] : [...linkLines(readLink(link, links))];
  if (found.kind !== 'found' || link === undefined) return [...lines, notFound(found)];
  const { listenIp } = found;
  lines.push(
    good('listen-address', `listens on ${ipv4ToText(listenIp)} on ${link.name}`),
    ...firewallLines(link.name),
  );
  if (!asks) return [...lines, ...segmentLines('not-asked')];
  const answers = await askSegment({ link, listenIp, router: settings.gateway });
  if (answers === undefined) return [...lines, ...segmentLines('no-right')];
  const facts = {
    ...answers,
    ...(typeof running === 'object' ? gatewaysKnownTo(running) : { known: [], silentBy: undefined }),
    isGatewayAddress: (text: string) => mayBeGateway(text, loaded, found),
    isRouter: link.addresses.some(({ address }) => address === settings.gateway),
    interfaceName: link.name,
    listenIp: ipv4ToText(listenIp),
    router: ipv4ToText(settings.gateway),
  };
  return [...lines, ...segmentLines(facts)];
}

/** Whether an address, dotted, is or can be that of another gateway of this pool. */
function mayBeGateway(
  text: string,
  loaded: LoadedSettings,
  { listenIp, prefixLength }: ListenAddress,
): boolean {
  const { settings } = loaded;
  const address = ipv4FromText(text);
  if (address === undefined) return false;
  if (gatewaysOf(settings, listenIp).has(address)) return true;
  // Those that share leases need not be named. The router is none of them: a zone's dnsmasq has its address.
  if (sharedSettings(loaded) === undefined || address === settings.gateway) return false;
  const isInside = contains(prefixOf(listenIp, prefixLength), address);
  return isInside && (address < settings.poolStart || address > settings.poolEnd);
}

function notFound(found: ListenAddressSearch): DoctorLine {
  const { message, remedy } =
    found.kind === 'waiting' ? found : { message: 'its interface is gone', remedy: 'ip -br link' };
  return bad('listen-address', message, 'the gateway waits for it, and serves nobody', asTyped(remedy));
}

function firewallLines(interfaceName: string): readonly DoctorLine[] {
  const rules = droppingRulesFor(interfaceName);
  if (rules === undefined)
    return [
      unknown(
        'firewall',
        'the rules of the firewall could not be read, or not all of them',
        'time nft -j list ruleset | wc -c   # as root; nft or iptables must be installed',
      ),
    ];
  if (rules.length === 0) return [good('firewall', `no rule drops what guests send on ${interfaceName}`)];
  return rules.map(({ text, letIn }) =>
    bad(
      'firewall',
      `a rule drops what guests send to UDP port 67: ${text}`,
      'no guest gets an address',
      letIn,
    ),
  );
}

/** The status of the running gateway; a text: why it did not answer. Undefined: its leases directory is not known. */
type Running = Status | string | undefined;

/** @param directory The leases directory of the process. */
async function askRunning(
  directory: string | undefined,
  settings: LoadedSettings['settings'] | RejectedSettings['settings'],
): Promise<Running> {
  if (directory === undefined) return undefined;
  const socket = join(directory, HEALTH_SOCKET);
  // A segment of a list has a folder of its own in the directory of the process.
  const segment = directory === settings.leasesDir ? undefined : settings.segment;
  try {
    return statusOfSegment(await askHealthOfAll(socket, ANSWER_TIME), segment) as Status;
  } catch (error) {
    return noAnswer(socket, error).message;
  }
}

function runningLines(running: Running): readonly DoctorLine[] {
  if (running === undefined) return [];
  if (typeof running === 'string') return gatewayLines(undefined, [], running);
  return gatewayLines(problemsOf(running), running.shortcomings, '');
}

/** None where leases are not shared by etcd, neither by these settings nor by those of the running gateway. */
async function etcdLines(loaded: LoadedSettings, running: Running): Promise<readonly DoctorLine[]> {
  const shared = sharedSettings(loaded);
  if (shared === undefined) {
    const set = typeof running === 'object' ? etcdOfRunning(running.settings) : undefined;
    return set === undefined ? [] : [etcdOfOthers(set)];
  }
  try {
    return clusterLines(await readClusterReport(shared));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [bad('etcd', error.message, 'no new guest gets an address', 'vps-gateway cluster status')];
  }
}
