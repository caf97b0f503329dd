import type { Command } from 'commander';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { LeaseReader, ListedLease } from '../../store/sqlite/lease-reader.ts';
import { type LeaseFolderOptions, SEGMENT_OPTION } from '../chosen-segment.ts';
import { writeJson } from '../output/output.ts';
import { readLeaseFile } from '../read-lease-file.ts';
import { type CommandSurroundings, nothing, surroundingsOfProcess, table } from '../surroundings.ts';
import { addReservationsImport } from './import.ts';
import { addReconcileCommand } from './reconcile.ts';
import { RESERVATION_COLUMNS, type ReservationUse, writeReservation } from './reservation-columns.ts';
import {
  type HolderOf,
  type ReservationFilterOptions,
  reservationFilter,
  reservationsNamed,
} from './reservation-filter.ts';
import { addReservationOrders } from './set.ts';

/** States in which nobody else gets an address. */
const HELD = ['bound', 'declined', 'peer'];

interface ReadOptions extends LeaseFolderOptions {
  readonly json?: boolean;
}

/** Adds `reservations list` (the default) and `show`: they read the lease file. They throw GatewayErrors. */
export function addReservationsCommand(program: Command, surroundings = surroundingsOfProcess()): Command {
  const reservations = program
    .command('reservations')
    .description('which address is kept for which guest: reads the lease file; orders others');
  readingCommand(
    reservations,
    'list',
    'the reservations by id; all that is known of one, if it is named',
    true,
  )
    .argument('[id|address|mac]')
    .option('--address <address>', 'only that of this address')
    .option('--mac <mac>', 'only that of this hardware address')
    .option('--hostname <text>', 'only host names that contain this')
    .option('--vps-id <id>', 'only those of this VPS')
    .option('--port <port>', 'only that of this port of the bridge')
    .option('--label <name=text>', 'only those with this label')
    .option('--source <api|file|platform>', 'only those that came this way')
    .option(
      '--state <state>',
      'only those whose address is now: reserved-idle (nobody has it), bound, declined, peer',
    )
    .option('--node <node>', 'only those whose address this node has given')
    .option('--retired', 'with those that were removed, whose address is kept for a day')
    .action((of: string | undefined, options: ReadOptions & ReservationFilterOptions) =>
      of === undefined ? list(options, surroundings) : show(of, options, surroundings),
    );
  readingCommand(reservations, 'show', 'all that is known of one reservation, and what its guest has now')
    .argument('<id|address|mac>')
    .action((of: string, options: ReadOptions) => show(of, options, surroundings));
  addReservationOrders(reservations, surroundings);
  addReservationsImport(reservations, surroundings);
  addReconcileCommand(reservations, surroundings);
  return reservations;
}

function readingCommand(parent: Command, name: string, description: string, isDefault = false): Command {
  return parent
    .command(name, { isDefault })
    .description(description)
    .option('--json', 'an array of objects instead of a table')
    .option('--leases-dir <directory>', 'where leases.sqlite is')
    .option(...SEGMENT_OPTION);
}

function list(options: ReadOptions & ReservationFilterOptions, surroundings: CommandSurroundings): void {
  readLeaseFile(options, surroundings, (reader) => {
    const conditions = reservationFilter(options, holdersIn(reader));
    const all = [...reader.reservations()];
    const found = all.filter((reservation) => conditions.every((condition) => condition(reservation)));
    if (options.json === true) writeJson(surroundings.output, found.map(reservationToJson));
    else table(surroundings, RESERVATION_COLUMNS, found);
    if (found.length > 0) return;
    if (all.length === 0) surroundings.remark('no reservations yet');
    else nothing(surroundings, 'no reservation matches: `vps-gateway reservations` shows them all');
  });
}

function show(of: string, options: ReadOptions, surroundings: CommandSurroundings): void {
  readLeaseFile(options, surroundings, (reader) => {
    const found = reservationsNamed(of, [...reader.reservations()]);
    if (options.json === true)
      writeJson(
        surroundings.output,
        found.map((one) => ({ ...reservationToJson(one), ...useOf(one, reader) })),
      );
    else
      for (const [index, one] of found.entries()) {
        if (index > 0) surroundings.output.write('\n');
        writeReservation(surroundings.output, one, useOf(one, reader));
      }
    if (found.length === 0)
      nothing(surroundings, `${of}: no reservation: \`vps-gateway reservations\` shows them all`);
  });
}

/** The leases are read when the first one is asked for. */
function holdersIn(reader: LeaseReader): HolderOf {
  let holders: ReadonlyMap<string, ListedLease> | undefined;
  return ({ address }) => {
    holders ??= new Map(
      [...reader.leases({})]
        .filter(({ state }) => HELD.includes(state))
        .map((lease) => [lease.address, lease] as const),
    );
    return holders.get(ipv4ToText(address));
  };
}

/** What its guest has now: by its cards, its identifier, or because the lease says so. And who else has the address. */
function useOf({ id, address, macs, clientId }: Reservation, reader: LeaseReader): ReservationUse {
  const cards = new Set<string | null>(macs.map(hardwareToText));
  const isIts = (lease: ListedLease) =>
    lease.reservation_id === id || lease.client === clientId || cards.has(lease.mac);
  const pinned = ipv4ToText(address);
  const running = [...reader.leases({})].filter(({ state }) => HELD.includes(state));
  return {
    leases: running.filter((lease) => lease.state === 'bound' && isIts(lease)),
    held_by: running.find((lease) => lease.address === pinned && !isIts(lease)) ?? null,
  };
}
