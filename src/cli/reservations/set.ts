import type { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { jsonText } from '../output/json.ts';
import { writeSentences } from '../output/output.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { changesToText } from './changes-to-text.ts';
import { type EntryOptions, withEntryOptions, withOptions } from './entry-options.ts';
import { type JsonEntry, readJsonFile, wantedEntry } from './read-entries.ts';
import { consequencesOf, leasesElsewhere } from './removal.ts';
import {
  knownReservation,
  type Ordered,
  pathOf,
  progressTexts,
  remediesOf,
  withoutIt,
} from './reservation-order.ts';

const NO_GUEST =
  'nothing says which guest it is for: name its network card (--mac 52:54:00:12:34:56), its port of the bridge (--port tap104i0), its client identifier (--client-id) or its circuit (--circuit-id); --unknown-guest keeps an address for a guest of which nothing is known yet';

interface OrderOptions extends ApiOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

interface SetOptions extends OrderOptions, EntryOptions {
  readonly from?: string;
  readonly adopt?: boolean;
  readonly unknownGuest?: boolean;
}

interface RemoveOptions extends OrderOptions {
  readonly address?: string;
  readonly release?: boolean;
}

/** Adds `reservations set` and `reservations remove`. */
export function addReservationOrders(reservations: Command, surroundings: CommandSurroundings): void {
  const set = apiCommand(reservations, 'set', 'keeps an address for a guest, or changes what is said of one');
  withReason(withEntryOptions(set.argument('<id>')))
    .option('--from <file>', 'the whole entry, as JSON; -: from standard input')
    .option('--adopt', 'with the address that its guest has now, if it has one')
    .option(
      '--unknown-guest',
      'though nothing says yet which guest it is for: no other guest gets the address',
    )
    .option('--dry-run', 'only say what would be')
    .action((id: string, options: SetOptions) => put(id, options, surroundings));
  withReason(
    apiCommand(
      reservations,
      'remove',
      'ends a reservation; its address is kept for its id for a day',
    ).argument('<id>'),
  )
    .option('--address <address>', 'only if that is its address')
    .option('--release', "end its guest's lease too; else that runs out")
    .option('--dry-run', 'only say what would be')
    .action((id: string, options: RemoveOptions) => remove(id, options, surroundings));
}

async function put(
  id: string,
  options: SetOptions,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const { from, adopt, dryRun, reason, json } = options;
  const api = apiOf(options, environment);
  const known = await knownReservation(api, id);
  const before = from === undefined ? known : readJsonFile(from);
  const entry = withOptions(objectOf(before, from), options);
  if (options.unknownGuest !== true && !namesGuest(entry) && (known === undefined || namesGuest(known)))
    throw new GatewayError('bad-settings', `${id}: ${NO_GUEST}`);
  const done = await api.order<Ordered>({
    method: 'PUT',
    path: pathOf(id),
    query: { reason, dry_run: dryRun === true ? 'true' : undefined },
    headers: conditionOf(known),
    body: adopt === true ? { ...entry, adopt } : entry,
    remedies: remediesOf(id),
  });
  if (json === true) output.write(jsonText(done));
  else {
    const others = await withoutIt(api);
    const sentence = `${id}: ${done.address} ${kept(done, known !== undefined, dryRun === true)}`;
    const more = [changesToText(done.changes), ...progressTexts(done)].filter((text) => text !== '');
    writeSentences(output, [sentence, ...[...more, ...others].map((text) => `  ${text}`)]);
  }
}

function kept({ change }: Ordered, isKnown: boolean, isDry: boolean): string {
  if (isDry) return change === 'unchanged' ? 'is kept for it so already' : 'would be kept for it';
  return isKnown ? 'is kept for it' : 'is kept for it from now on';
}

async function remove(
  id: string,
  options: RemoveOptions,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const { address, release, dryRun, reason, json } = options;
  const api = apiOf(options, environment);
  const elsewhere = release === true && json !== true ? await leasesElsewhere(api, id) : [];
  const done = await api.order<Ordered & { readonly released?: boolean }>({
    method: 'DELETE',
    path: pathOf(id),
    query: {
      address,
      reason,
      release: release === true ? 'true' : undefined,
      dry_run: dryRun === true ? 'true' : undefined,
    },
    remedies: remediesOf(id),
  });
  const what =
    dryRun === true
      ? 'would be removed'
      : done.released === true
        ? 'removed, and its lease ended'
        : 'removed';
  if (json === true) output.write(jsonText(done));
  else {
    const removal = {
      id,
      address: done.address,
      isReleased: release === true && (dryRun === true || done.released === true),
      isDryRun: dryRun === true,
    };
    const consequences = await consequencesOf(api, removal, elsewhere);
    writeSentences(output, [
      `${id}: ${what}; ${done.address} is kept for this id for a day`,
      ...consequences.map((text) => `  ${text}`),
    ]);
  }
}

/** True: something says which guest it is for. */
function namesGuest({ mac, client_id: clientId, circuit_id: circuitId, port }: JsonEntry): boolean {
  return (
    (Array.isArray(mac) && mac.length > 0) || [clientId, circuitId, port].some((one) => one !== undefined)
  );
}

/** So that what somebody else orders in between is not undone. */
function conditionOf(known: Ordered | undefined): Readonly<Record<string, string>> {
  return known === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${known.version ?? 0}"` };
}

/** @throws GatewayError if a file has something else than one entry. */
function objectOf(before: unknown, from: string | undefined): JsonEntry {
  const entry = wantedEntry(before ?? {});
  if (isObject(entry)) return entry;
  throw new GatewayError(
    'bad-settings',
    `${from ?? ''}: is not one entry: write {"mac": ["52:54:00:12:34:56"]}; \`vps-gateway reservations import\` takes a list`,
  );
}
