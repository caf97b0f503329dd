import { type Command, Option } from 'commander';
import { GatewayError } from '../errors.ts';
import { instant } from '../lease/lease.ts';
import type { LeaseFilter } from '../store/sqlite/lease-reader.ts';
import { type LeaseFolderOptions, SEGMENT_OPTION } from './chosen-segment.ts';
import { heldAtEnd, newest } from './history-rows.ts';
import { EVENT_COLUMNS, SHOWN_LEASE_COLUMNS, writeLease } from './lease-columns.ts';
import { addExportCommand } from './lease-export.ts';
import {
  addressOrMac,
  countOf,
  type FilterOptions,
  filterOf,
  type SpanOptions,
  STATES,
  timeSpanOf,
} from './lease-filter.ts';
import { addReleaseCommand } from './orders/release.ts';
import { addReserveCommand } from './orders/reserve.ts';
import { writeJson } from './output/output.ts';
import { readLeaseFile } from './read-lease-file.ts';
import { type CommandSurroundings, nothing, surroundingsOfProcess, table } from './surroundings.ts';

interface ReadOptions extends LeaseFolderOptions {
  readonly json?: boolean;
}

interface HistoryOptions extends ReadOptions, SpanOptions {
  readonly last?: string;
}

interface ListOptions extends HistoryOptions, FilterOptions {}

/** Adds `leases list` (the default), `show` and `history`, which read the file, and the orders. They throw GatewayErrors. */
export function addLeasesCommand(program: Command, surroundings = surroundingsOfProcess()): Command {
  const leases = program
    .command('leases')
    .description('who holds which address: reads the lease file; ends or keeps a lease');
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
    .action((of: string | undefined, options: HistoryOptions) => history(of, options, surroundings));
  for (const command of leases.commands)
    for (const option of historyOptions()) command.addOption(option.hideHelp(command.name() !== 'history'));
  addExportCommand(leases, surroundings);
  addReleaseCommand(leases, surroundings);
  addReserveCommand(leases, surroundings);
  return leases;
}

/** Every `leases` command knows these options, so that a wrong one can name `leases history`. */
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

/** @throws GatewayError if a time is named: `list` and `show` know only what is true now. */
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
    .option('--leases-dir <directory>', 'where leases.sqlite is')
    .option(...SEGMENT_OPTION);
}

function list(options: ListOptions, surroundings: CommandSurroundings): void {
  refuseTimes(options);
  const filter = filterOf(options);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  readLeaseFile(options, surroundings, (reader) => {
    const rows = reader.leases(filter);
    const count = options.json
      ? writeJson(surroundings.output, rows)
      : table(surroundings, SHOWN_LEASE_COLUMNS, [...rows]);
    if (count > 0) return;
    if (!isFiltered) surroundings.remark('no leases yet');
    else nothing(surroundings, 'no lease matches: `vps-gateway leases` shows them all');
  });
}

function show(of: string, options: HistoryOptions, surroundings: CommandSurroundings): void {
  refuseTimes(options, of);
  const filter = addressOrMac(of);
  readLeaseFile(options, surroundings, (reader) => {
    const found = [...reader.leases(filter)];
    if (options.json) writeJson(surroundings.output, found);
    else
      for (const [index, lease] of found.entries()) {
        if (index > 0) surroundings.output.write('\n');
        writeLease(surroundings.output, lease);
      }
    if (found.length === 0)
      nothing(surroundings, `${of}: no lease: \`vps-gateway leases history ${of}\` may know it`);
  });
}

function history(of: string | undefined, options: HistoryOptions, surroundings: CommandSurroundings): void {
  const filter: LeaseFilter = of === undefined ? {} : addressOrMac(of);
  const last = countOf('--last', options.last);
  const now = instant(Date.now());
  const { since, until, at } = timeSpanOf(options, now);
  if (at !== undefined && at > now) surroundings.remark('--at is still to come: shown is what holds now');
  if (since !== undefined && since > now) surroundings.remark('--since is still to come (times are in UTC)');
  readLeaseFile(options, surroundings, (reader) => {
    const events =
      at === undefined
        ? reader.history({ ...filter, since, until })
        : heldAtEnd(reader.history({ address: filter.address, until: at }), filter);
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
