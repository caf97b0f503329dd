import { type Command, Option } from 'commander';
import { nearestTo } from '../config/nearest.ts';
import type { Environment } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { INFINITE_SECONDS, type Instant, instant } from '../lease/lease.ts';
import { ID_NAMES, type IdName, LEASE_FIELDS } from '../lease/lease-fields.ts';
import { type HardwareAddress, hardwareFromText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4FromText } from '../net/ipv4.ts';
import {
  type LeaseFilter,
  type LeaseReader,
  type ListedEvent,
  type ListedLease,
  openLeaseReader,
} from '../store/sqlite/lease-reader.ts';
import { describeClientIdentifier } from '../wire/client-identifier.ts';
import { newest, standingAt } from './history-rows.ts';
import { leasesDirectory } from './leases-directory.ts';
import { momentOf } from './moment.ts';
import {
  type Column,
  type Output,
  standardOutput,
  writeDetails,
  writeJson,
  writeTable,
} from './output/output.ts';
import { complain } from './output/write-whole.ts';

/** Exit status when nothing matched, as of grep. */
const NOTHING_FOUND = 1;
const COMMANDS = ['list', 'show', 'history'];
const STATES = ['bound', 'expired', 'free', 'declined', 'peer'];

/** Columns that a host name takes in a table; `show` and --json have it whole. */
const WIDEST_NAME = 40;
/** What is left of one on a narrow terminal. */
const NARROWEST_NAME = 8;

const LEASE_COLUMNS: readonly Column<ListedLease>[] = [
  { heading: 'ADDRESS', cell: (lease) => lease.address },
  { heading: 'MAC', cell: (lease) => lease.mac },
  { heading: 'HOSTNAME', cell: (lease) => lease.hostname, most: WIDEST_NAME, least: NARROWEST_NAME },
  { heading: 'STATE', cell: (lease) => lease.state },
  { heading: 'EXPIRES', cell: (lease) => lease.expires },
  idColumn('vpsId', 1),
  { heading: 'NODE', cell: (lease) => lease.node, spare: 2 },
  { heading: 'CLIENT', cell: (lease) => lease.client, isIdle: isMacItself, spare: 3 },
  // Behind the others, so that those keep their place in what a script reads.
  ...ID_NAMES.filter((name) => name !== 'vpsId').map((name) => idColumn(name, 4)),
];

const EVENT_COLUMNS: readonly Column<ListedEvent>[] = [
  { heading: 'AT', cell: (event) => event.at },
  { heading: 'ADDRESS', cell: (event) => event.address },
  { heading: 'EVENT', cell: (event) => event.event },
  { heading: 'MAC', cell: (event) => event.mac },
  { heading: 'HOSTNAME', cell: (event) => event.hostname, most: WIDEST_NAME, spare: 1 },
  { heading: 'REASON', cell: (event) => event.reason, least: NARROWEST_NAME },
  { heading: 'EXPIRES', cell: (event) => event.expires, spare: 2 },
  { heading: 'NODE', cell: (event) => event.node, spare: 3 },
];

/** Left out where no lease has such an id. */
function idColumn(name: IdName, spare: number): Column<ListedLease> {
  const { listed } = LEASE_FIELDS[name];
  const heading = labelOf(name).toUpperCase();
  return { heading, cell: (lease) => lease[listed], isIdle: (lease) => lease[listed] === null, spare };
}

/** `vps` for `vps_id`. */
function labelOf(name: IdName): string {
  return LEASE_FIELDS[name].listed.replace(/_id$/, '');
}

/** RFC 2132 §9.14: the type of the hardware, which is Ethernet's, and the address. */
function isMacItself({ client, mac }: ListedLease): boolean {
  return client === `01${mac?.replaceAll(':', '')}`;
}

interface ReadOptions {
  readonly json?: boolean;
  readonly leasesDir?: string;
}

interface HistoryOptions extends ReadOptions {
  readonly since?: string;
  readonly until?: string;
  readonly at?: string;
  readonly last?: string;
}

interface ListOptions extends HistoryOptions {
  readonly address?: string;
  readonly mac?: string;
  readonly state?: string;
  readonly hostname?: string;
}

/** What the commands touch of the process. */
export interface LeasesSurroundings {
  readonly output: Output;
  readonly environment: Environment;
  /** For whoever looks at it, beside the output that a program may read. */
  remark(text: string): void;
  exitWith(status: number): void;
}

/** Adds `leases list`, the default, `leases show` and `leases history`. Their errors are GatewayErrors. */
export function addLeasesCommand(program: Command, surroundings = surroundingsOfProcess()): Command {
  const leases = program.command('leases').description('who holds which address: reads the lease file');
  readingCommand(leases, 'list', 'the leases, by address; all that is known of one, if it is named', true)
    .argument('[address|mac]')
    .option('--address <address>', 'only this address')
    .option('--mac <mac>', 'only this hardware address')
    .option('--state <state>', `only this state: ${STATES.join(', ')}`)
    .option('--hostname <text>', 'only host names that contain this')
    .action((of: string | undefined, options: ListOptions) =>
      of === undefined ? list(options, surroundings) : show(of, options, surroundings),
    );
  readingCommand(leases, 'show', 'all that is known of one address, or of one client by its MAC')
    .argument('<address|mac>')
    .action((of: string, options: HistoryOptions) => show(of, options, surroundings));
  readingCommand(leases, 'history', 'who had an address and when, or what a MAC had; the oldest first')
    .argument('[address|mac]', 'all of them, if it is left out')
    .action((of: string | undefined, options: HistoryOptions) => tellHistory(of, options, surroundings));
  for (const command of leases.commands)
    for (const option of historyOptions()) command.addOption(option.hideHelp(command.name() !== 'history'));
  return leases;
}

/** Understood by every command of the leases, to say of which one they are. */
function historyOptions(): readonly Option[] {
  return [
    new Option('--since <time>', 'not before this: 2026-11-24T14:00 (UTC), or 2h for two hours ago'),
    new Option('--until <time>', 'not after this'),
    new Option(
      '--at <time>',
      'only what held at this time: who had the address, which addresses the MAC had',
    ),
    new Option('--last <count>', 'only so many, the newest'),
  ];
}

/** What holds now has no past. */
function refuseTimes({ since, until, at, last }: HistoryOptions, of = '[address|mac]'): void {
  for (const [flag, value] of Object.entries({ since, until, at, last })) {
    if (value === undefined) continue;
    throw new GatewayError(
      'bad-settings',
      `--${flag}: the leases are shown as they are now: \`vps-gateway leases history ${of} --${flag} ${value}\` tells what was`,
    );
  }
}

function readingCommand(parent: Command, name: string, description: string, isDefault = false): Command {
  return parent
    .command(name, { isDefault })
    .description(description)
    .option('--json', 'an array of objects instead of a table')
    .option('--leases-dir <directory>', 'where leases.sqlite is');
}

function surroundingsOfProcess(): LeasesSurroundings {
  return {
    output: standardOutput(),
    environment: process.env,
    remark: (text) => complain(`${text}\n`),
    exitWith: (status) => {
      process.exitCode = status;
    },
  };
}

function list(options: ListOptions, surroundings: LeasesSurroundings): void {
  refuseTimes(options);
  const filter = filterOf(options);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  read(options, surroundings, (reader) => {
    const rows = reader.leases(filter);
    const count = options.json
      ? writeJson(surroundings.output, rows)
      : table(surroundings, LEASE_COLUMNS, [...rows]);
    if (count > 0) return;
    if (!isFiltered) surroundings.remark('no leases yet');
    else nothing(surroundings, 'no lease matches: `vps-gateway leases` shows them all');
  });
}

function show(of: string, options: HistoryOptions, surroundings: LeasesSurroundings): void {
  refuseTimes(options, of);
  const filter = addressOrMac(of);
  read(options, surroundings, (reader) => {
    const found = [...reader.leases(filter)];
    if (options.json) writeJson(surroundings.output, found);
    else for (const [index, lease] of found.entries()) details(surroundings.output, lease, index > 0);
    if (found.length === 0)
      nothing(surroundings, `${of}: no lease: \`vps-gateway leases history ${of}\` may know it`);
  });
}

function tellHistory(
  of: string | undefined,
  options: HistoryOptions,
  surroundings: LeasesSurroundings,
): void {
  const filter: LeaseFilter = of === undefined ? {} : addressOrMac(of);
  const last = countOf('--last', options.last);
  const now = instant(Date.now());
  const { since, until, at } = spanOf(options, now);
  if (at !== undefined && at > now) surroundings.remark('--at is still to come: shown is what holds now');
  if (since !== undefined && since > now) surroundings.remark('--since is still to come (times are in UTC)');
  read(options, surroundings, (reader) => {
    const events =
      at === undefined
        ? reader.history({ ...filter, since, until })
        : standingAt(reader.history({ address: filter.address, until: at }), filter);
    const rows = last === undefined ? events : newest(events, last);
    const count = options.json
      ? writeJson(surroundings.output, rows)
      : table(surroundings, EVENT_COLUMNS, [...rows]);
    const isTimed = [since, until, at].some((time) => time !== undefined);
    if (count === 0)
      nothing(
        surroundings,
        `${of === undefined ? '' : `${of}: `}nothing in the history${isTimed ? ' of that time' : ''}, which goes back as far as GATEWAY_DHCP_HISTORY says`,
      );
  });
}

interface Span {
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
  readonly at: Instant | undefined;
}

/** Throws for times that contradict each other: an answer to half of a question is a wrong one. */
function spanOf(options: HistoryOptions, now: Instant): Span {
  const timeOf = (flag: string, text: string | undefined) =>
    text === undefined ? undefined : momentOf(flag, text, now);
  const since = timeOf('--since', options.since);
  const until = timeOf('--until', options.until);
  const at = timeOf('--at', options.at);
  if (at !== undefined && (since !== undefined || until !== undefined))
    throw new GatewayError('bad-settings', '--at: is one moment: leave --since and --until out, or --at');
  if (since !== undefined && until !== undefined && since > until)
    throw new GatewayError(
      'bad-settings',
      `--until ${options.until}: is before --since ${options.since}: exchange them`,
    );
  return { since, until, at };
}

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new GatewayError('bad-settings', `${flag} ${text}: not a count: write a whole number from 1`);
}

function read(
  options: ReadOptions,
  { environment }: LeasesSurroundings,
  run: (reader: LeaseReader) => void,
): void {
  const reader = openLeaseReader(leasesDirectory(options.leasesDir, environment));
  try {
    run(reader);
  } finally {
    reader.close();
  }
}

function filterOf({ address, mac, state, hostname }: ListOptions): LeaseFilter {
  if (state !== undefined && !STATES.includes(state)) {
    throw new GatewayError(
      'bad-settings',
      `--state ${state}: no state of a lease: use one of ${STATES.join(', ')}`,
    );
  }
  return {
    address: address === undefined ? undefined : addressOf('--address ', address),
    mac: mac === undefined ? undefined : macOf('--mac ', mac),
    state,
    hostname,
  };
}

function addressOrMac(text: string): Pick<LeaseFilter, 'address' | 'mac'> {
  const mac = hardwareFromText(text);
  return mac === undefined ? { address: addressOf('', text) } : { mac };
}

function addressOf(flag: string, text: string): Ipv4 {
  const address = ipv4FromText(text);
  if (address !== undefined) return address;
  const command = flag === '' ? nearestTo(text, COMMANDS) : undefined;
  const remedy =
    command !== undefined
      ? `did you mean \`vps-gateway leases ${command}\`?`
      : flag === ''
        ? 'write it as 10.15.3.20 or 52:54:00:12:34:56; a host name is found by `vps-gateway leases list --hostname`'
        : 'write it as 10.15.3.20';
  throw new GatewayError('bad-settings', `${flag}${text}: not an address: ${remedy}`);
}

function macOf(flag: string, text: string): HardwareAddress {
  const mac = hardwareFromText(text);
  if (mac !== undefined) return mac;
  throw new GatewayError(
    'bad-settings',
    `${flag}${text}: not a hardware address: write it as 52:54:00:12:34:56`,
  );
}

function table<Row>(
  { output }: LeasesSurroundings,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): number {
  if (rows.length > 0) writeTable(output, columns, rows);
  return rows.length;
}

function details(output: Output, lease: ListedLease, isNext: boolean): void {
  if (isNext) output.write('\n');
  writeDetails(output, [
    ['address', lease.address],
    ['mac', lease.mac],
    ['hostname', lease.hostname],
    ['state', lease.state],
    ['since', lease.starts],
    ['expires', lease.expires],
    ['length', lengthOf(lease.lease_seconds)],
    ['updated', lease.updated],
    ...ID_NAMES.map((name) => [labelOf(name), lease[LEASE_FIELDS[name].listed]] as const),
    ['node', lease.node],
    ['client', lease.client],
    ['identifier', describeClientIdentifier(Buffer.from(lease.client.split('/')[0] ?? '', 'hex'))],
  ]);
}

/** As it is set: `43200 s`. */
function lengthOf(seconds: number | null): string | null {
  if (seconds === null) return null;
  return seconds === INFINITE_SECONDS ? 'without end' : `${seconds} s`;
}

function nothing({ remark, exitWith }: LeasesSurroundings, text: string): void {
  remark(text);
  exitWith(NOTHING_FOUND);
}
