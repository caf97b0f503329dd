import type { Node } from 'yaml';
import { ownTimes } from '../../../lease/reservation/own-options.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';
import { broadcastOf, contains, prefixOf, prefixToText } from '../../../net/prefix.ts';
import { mergedBoot, type NetworkBoot } from '../../../subnet/boot.ts';
import type { Policy } from '../../../subnet/policy.ts';
import { isInOrder, type RenewalRule } from '../../../subnet/renewal.ts';
import { gatewayAddresses } from '../../address-plan.ts';
import { SETTINGS, type Settings } from '../../settings.ts';
import { allIssues } from './all-issues.ts';
import type { FilePlaces } from './file-places.ts';
import { type FilePolicy, NO_FILE_POLICY } from './file-policy.ts';
import { faultsIn, type PartFault, placeOf, problemAt } from './locate.ts';
import { POLICY_NAMES, readPolicy } from './policy-schema.ts';
import { policyParts } from './policy-texts.ts';

/** The names of members within the policy, for misspelt ones. */
const MEMBERS = [
  ...POLICY_NAMES,
  ...[
    'name',
    'match',
    'answer',
    'lease_time',
    'renewal_time',
    'rebinding_time',
    'value',
    'always',
    'to',
    'via',
  ],
  ...['vendor_class', 'user_class', 'architecture', 'circuit_id', 'remote_id', 'mac'],
  ...['id', 'client_id', 'port', 'address', 'hostname', 'vps_id', 'organization_id', 'labels', 'note'],
  ...['next_server', 'server_name', 'file', 'files', 'vendor_options'],
];

/**
 * @param content The file's content, or a part of it, without aliases.
 * @param node The same as it stands in the file.
 */
export function policyOfFile(
  content: Readonly<Record<string, unknown>>,
  node: Node,
  file: FilePlaces,
): FilePolicy {
  const read = readPolicy(content);
  if (!read.success) {
    const issues = allIssues(content, read.error.issues);
    const problems = faultsIn(issues, MEMBERS).map((fault) => problemAt(fault, node, file));
    return { ...NO_FILE_POLICY, problems };
  }
  const said = policyParts(content).map(({ name, text, path }) => ({
    ...{ name, text, place: placeOf(path, node, file) },
  }));
  const { terms, classes, entries } = read.data;
  const reservations = entries.map((entry, index) => ({
    ...{ entry, place: placeOf(['reservations', index], node, file) },
  }));
  const policy: Policy = { terms, classes, reservations, said };
  return {
    policy,
    problems: [],
    contradictions: (settings) =>
      [...timeFaults(policy, settings), ...bootFaults(policy), ...addressFaults(policy, settings)].map(
        (fault) => problemAt(fault, node, file),
      ),
  };
}

/** RFC 2131 §4.4.5: T1 before T2 before the end of the lease. */
function timeFaults(policy: Policy, settings: Partial<Settings>): readonly PartFault[] {
  const classes = policy.classes.map(({ terms: { renewal, leaseTime } }) => ({ renewal, leaseTime }));
  const reservations = policy.reservations.map(({ entry: { options, leaseTime } }) => ({
    ...{ renewal: ownTimes(options), leaseTime },
  }));
  return [
    ...timesOutOfOrder('classes', classes, settings),
    ...timesOutOfOrder('reservations', reservations, settings),
  ];
}

function timesOutOfOrder(
  member: string,
  all: readonly { readonly renewal: RenewalRule; readonly leaseTime: number | undefined }[],
  settings: Partial<Settings>,
): readonly PartFault[] {
  return all.flatMap(({ renewal, leaseTime: own }, index): readonly PartFault[] => {
    const leaseTime = own ?? settings.leaseTime;
    if (leaseTime === undefined || isInOrder(renewal, leaseTime)) return [];
    const name = renewal.t1 === undefined ? 'rebinding_time' : 'renewal_time';
    const message = `does not fit: T1, T2 and the end of a lease of ${leaseTime} s do not follow on each other`;
    return [
      { path: [member, index, name], message, remedy: 'see that T1 is before T2, and T2 before the end' },
    ];
  });
}

/** A file by TFTP is of no use to a machine that does not know the server. */
function bootFaults({ terms: { boot }, classes }: Policy): readonly PartFault[] {
  const own = needsServer(boot) && !classes.some(({ terms }) => terms.boot?.nextServer !== undefined);
  return [
    ...(own ? [noServer(['pxe'])] : []),
    ...classes.flatMap(({ terms }, index) =>
      terms.boot !== undefined && !own && needsServer(mergedBoot(terms.boot, boot))
        ? [noServer(['classes', index, 'pxe'])]
        : [],
    ),
  ];
}

function needsServer(boot: NetworkBoot | undefined): boolean {
  if (boot === undefined || boot.nextServer !== undefined || boot.serverName !== undefined) return false;
  const files = [boot.file, boot.ipxeFile, ...boot.files.values()].filter((file) => file !== undefined);
  return files.some((file) => !/^[a-z]+:\/\//i.test(file));
}

function noServer(path: PartFault['path']): PartFault {
  return { path, message: 'names a file, and no server that has it', remedy: 'write next_server: 10.15.3.2' };
}

/** An address that no guest may have. */
function addressFaults({ reservations }: Policy, settings: Partial<Settings>): readonly PartFault[] {
  const { gateway, subnetMask, listenIp, peers, exclusions = [] } = settings;
  if (gateway === undefined || subnetMask === undefined) return [];
  const prefix = prefixOf(gateway, subnetMask);
  const gateways = new Set([...gatewayAddresses(prefix), ...(peers ?? [])]);
  const whyNot = (address: Ipv4 | undefined): string | undefined => {
    if (address === undefined) return undefined;
    if (!contains(prefix, address)) return `is not in ${prefixToText(prefix)}, the network of this segment`;
    if (address === prefix.network || address === broadcastOf(prefix)) return "is the network's own address";
    if (address === gateway) return 'is the address of the router';
    if (address === listenIp || gateways.has(address)) return 'is the address of a gateway';
    const isExcluded = exclusions.some(({ first, last }) => first <= address && address <= last);
    return isExcluded ? `is excluded (${SETTINGS.exclusions.variable})` : undefined;
  };
  return reservations.flatMap(({ entry }, index): readonly PartFault[] => {
    const message = whyNot(entry.address);
    const path = ['reservations', index, 'address'];
    return message === undefined ? [] : [{ path, message, remedy: "write an address that is a guest's" }];
  });
}
