import { join } from 'node:path';
import type { Cause } from '../../diagnosis/doctor/cause.ts';
import {
  type GuestDecision,
  type GuestFacts,
  likeliestCause,
  NOT_IN_POOL,
} from '../../diagnosis/doctor/likeliest-cause.ts';
import type { ReservedAddress } from '../../diagnosis/doctor/reserved-address.ts';
import type { ReasonRow } from '../../engine/decision/reason-row.ts';
import { REASONS } from '../../engine/decision/reasons.ts';
import { GatewayError } from '../../errors.ts';
import { DROPS, type DropRow } from '../../exchange/observer/drops.ts';
import { type HardwareAddress, hardwareToText } from '../../net/hardware-address.ts';
import type { Status } from '../../reporting/status.ts';
import { askHealthOfAll, HEALTH_SOCKET } from '../../server/status/health.ts';
import {
  hasLeaseFile,
  type ListedEvent,
  type ListedLease,
  openLeaseReader,
} from '../../store/sqlite/lease-reader.ts';
import { apiOf } from '../api/api-command.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { type LeaseFolderOptions, leaseFolder, statusOfSegment } from '../chosen-segment.ts';
import { problemsOf } from '../exact-remedy.ts';
import { leasesDirectory } from '../leases-directory.ts';
import { noAnswer } from '../no-answer.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { recentDecisions } from './recent-decisions.ts';

/** How long the gateway may take to answer: milliseconds. */
const ANSWER_TIME = 3000;
/** A datagram that came within this time is recent: milliseconds. */
const RECENT = 300_000;
const SHOWN = 8;

/** What is known about one guest. */
export interface Story {
  readonly mac: string;
  readonly leases: readonly ListedLease[];
  readonly history: readonly ListedEvent[];
  readonly reservations: readonly ListedReservation[];
  readonly decisions: readonly GuestDecision[];
  readonly cause: Cause;
}

export interface ListedReservation {
  readonly id: string;
  readonly address: string;
  readonly hostname?: string;
}

interface RetiredReservation {
  readonly id: string;
  readonly retired_until: string;
}

/** What one segment knows about a guest, and whether it knows it at all. */
export async function storyOf(
  mac: HardwareAddress,
  options: LeaseFolderOptions,
  { environment }: CommandSurroundings,
): Promise<{ readonly story: Story; readonly isKnown: boolean }> {
  const directory = leasesDirectory(options.leasesDir, environment);
  const { leases, history } = inLeaseFile(leaseFolder(options, environment), mac);
  const socket = join(directory, HEALTH_SOCKET);
  const asked: Status | Cause = await askStatus(socket, options).catch((error: unknown) => {
    const { message, remedy } = noAnswer(socket, error);
    return { cause: `no gateway answers on this node: ${message}`, remedy };
  });
  const status = 'cause' in asked ? undefined : asked;
  const text = hardwareToText(mac);
  const told = status === undefined ? NOTHING_TOLD : await askApi(apiOf(options, environment), text);
  const { decisions, reservations } = told;
  const refusal = refusalOf(status, text);
  const bound = leases.filter(({ state }) => state === 'bound');
  const leased = bound.map(({ address }) => address);
  const [first] = bound;
  const [reservation] = reservations;
  const cause = likeliestCause({
    noAnswer: 'cause' in asked ? asked : told.noAnswer,
    stopping: status === undefined ? [] : problemsOf(status).filter(({ stopsNewGuests }) => stopsNewGuests),
    refusal,
    rogues: status?.rogueServers ?? [],
    leased: first?.address,
    granter: told.sharingNode === undefined ? undefined : anotherThan(told.sharingNode, first),
    leasedElsewhere: elsewhere(leases),
    reservedHere: reservation && { ...reservation, mac: text },
    removed:
      status === undefined
        ? undefined
        : await removedAt(first, decisions.at(-1), text, apiOf(options, environment)),
    reserved: await reservedBeside(leased, reservations, apiOf(options, environment)),
    decisions,
    explain: (word) => reasonRowOf(word),
    hearsOthers: Date.now() - Date.parse(status?.reception?.lastHeard ?? '') < RECENT,
  });
  const story = { mac: text, leases, history, reservations, decisions: decisions.slice(-SHOWN), cause };
  const hasRows = [leases, history, reservations, decisions].some(({ length }) => length > 0);
  return { story, isKnown: hasRows || refusal !== undefined };
}

/** What another gateway has leased to it, by what this one has heard. */
function elsewhere(leases: readonly ListedLease[]): GuestFacts['leasedElsewhere'] {
  const running = ({ state, expires }: ListedLease) =>
    state === 'peer' && (expires === null || Date.parse(expires) > Date.now());
  const lease = leases.find(running);
  return lease === undefined ? undefined : { address: lease.address, gateway: lease.node };
}

const NOTHING_TOLD = {
  decisions: [],
  reservations: [],
  sharingNode: undefined,
  noAnswer: undefined,
} as const;

/** The node that has granted a lease; undefined: it is this one, or not known. */
function anotherThan(node: string, lease: ListedLease | undefined): string | undefined {
  return lease === undefined || lease.node === null || lease.node === node ? undefined : lease.node;
}

/** What the API knows of the guest. Where its thread does not run, the story has what the lease file knows. */
async function askApi(api: GatewayApi, mac: string) {
  try {
    const decisions = await recentDecisions(api, mac);
    const reservations = await api.list<ListedReservation>('/reservations', { mac });
    const { node, store } = await api.get<{ readonly node?: string; readonly store?: string }>('/info');
    const sharingNode = store === 'etcd' ? node : undefined;
    return { decisions, reservations, sharingNode, noAnswer: undefined };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const cause = `what the gateway has decided could not be asked: ${error.message}`;
    return { ...NOTHING_TOLD, noAnswer: { cause, remedy: 'vps-gateway health' } };
  }
}

/** What is reserved for a guest that has a lease of another address; undefined: nothing, or it cannot be asked. */
async function reservedBeside(
  leased: readonly string[],
  [reservation]: readonly ListedReservation[],
  api: GatewayApi,
): Promise<ReservedAddress | undefined> {
  if (leased.length === 0 || reservation === undefined || leased.includes(reservation.address))
    return undefined;
  const { id, address } = reservation;
  const block = { block: `${address}/32` };
  const [mapped] = await api.list<Omit<ReservedAddress, 'id'>>('/addresses', block).catch(() => []);
  return mapped === undefined ? undefined : { ...mapped, address, id };
}

/** The removed reservation of the address that a guest has, or was refused last; undefined: there is none, or it cannot be asked. */
async function removedAt(
  lease: ListedLease | undefined,
  last: GuestDecision | undefined,
  mac: string,
  api: GatewayApi,
): Promise<GuestFacts['removed']> {
  const isRefused = last?.reason === NOT_IN_POOL;
  const address = isRefused ? last.address : lease?.address;
  if (address === undefined || address === null) return undefined;
  const query = { address, retired: 'true' };
  const [found] = await api.list<RetiredReservation>('/reservations', query).catch(() => []);
  if (found === undefined) return undefined;
  // A lease that is the longer one may be renewed again after that.
  const isEnding = Date.parse(lease?.expires ?? '') <= Date.parse(found.retired_until);
  return isRefused || isEnding ? { id: found.id, address, mac, until: found.retired_until } : undefined;
}

/** Of the one segment that is meant. */
async function askStatus(socket: string, { segment }: LeaseFolderOptions): Promise<Status> {
  return statusOfSegment(await askHealthOfAll(socket, ANSWER_TIME), segment) as Status;
}

/** What the lease file has of the guest. */
function inLeaseFile(directory: string, mac: HardwareAddress): Pick<Story, 'leases' | 'history'> {
  if (!hasLeaseFile(directory)) return { leases: [], history: [] };
  const reader = openLeaseReader(directory);
  try {
    return { leases: [...reader.leases({ mac })], history: [...reader.history({ mac })].slice(-SHOWN) };
  } finally {
    reader.close();
  }
}

function refusalOf(status: Status | undefined, mac: string): Cause | undefined {
  const refused = status?.refusedClients.find(({ hardware }) => hardware === mac);
  if (refused === undefined) return undefined;
  const row = dropOf(refused.why) ?? reasonRowOf(refused.why);
  const times = `${refused.count} times, last at ${refused.lastAsked}`;
  return {
    cause: `a rule of yours keeps it away (${refused.why}, ${times}): ${row?.means ?? ''}`,
    remedy: row?.remedy ?? `vps-gateway reasons ${refused.why}`,
  };
}

function dropOf(word: string): DropRow | undefined {
  return (DROPS as Readonly<Record<string, DropRow>>)[word];
}

/** Undefined: it is none of a decision. */
export function reasonRowOf(word: string): ReasonRow | undefined {
  return (REASONS as Readonly<Record<string, ReasonRow>>)[word];
}
