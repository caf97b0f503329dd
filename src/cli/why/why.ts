import { join } from 'node:path';
import type { Command } from 'commander';
import { type Cause, type GuestDecision, likeliestCause } from '../../diagnosis/doctor/likeliest-cause.ts';
import { REASONS, type ReasonRow } from '../../engine/decision/reasons.ts';
import { GatewayError } from '../../errors.ts';
import { DROPS, type DropRow } from '../../exchange/drops.ts';
import { type HardwareAddress, hardwareToText } from '../../net/hardware-address.ts';
import type { Status } from '../../reporting/status.ts';
import { askHealthOfAll, HEALTH_SOCKET } from '../../server/health.ts';
import {
  hasLeaseFile,
  type ListedEvent,
  type ListedLease,
  openLeaseReader,
} from '../../store/sqlite/lease-reader.ts';
import { type ApiOptions, apiCommand, apiOf } from '../api/api-command.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { leaseFolder, statusOfSegment } from '../chosen-segment.ts';
import { macFrom } from '../lease-filter.ts';
import { leasesDirectory } from '../leases-directory.ts';
import { noAnswer } from '../no-answer.ts';
import { jsonText } from '../output/json.ts';
import { type Output, writeSentences } from '../output/output.ts';
import { type CommandSurroundings, surroundingsOfProcess } from '../surroundings.ts';
import { recentDecisions } from './recent-decisions.ts';

/** How long the gateway may take to answer: milliseconds. */
const ANSWER_TIME = 3000;
/** A datagram that came so long ago is of lately: milliseconds. */
const LATELY = 300_000;
const SHOWN = 8;

/** What is known about one guest. */
interface Story {
  readonly mac: string;
  readonly leases: readonly ListedLease[];
  readonly history: readonly ListedEvent[];
  readonly reservations: readonly ListedReservation[];
  readonly decisions: readonly GuestDecision[];
  readonly cause: Cause;
}

interface ListedReservation {
  readonly id: string;
  readonly address: string;
  readonly hostname?: string;
}

/** Adds `why`. */
export function addWhyCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  apiCommand(program, 'why', 'all that is known about a guest that gets no address, and the likeliest cause')
    .argument('<mac>')
    .action(async (text: string, options: ApiOptions) => {
      const story = await storyOf(macFrom('', text), options, surroundings);
      if (options.json === true) surroundings.output.write(jsonText(story));
      else writeStory(surroundings.output, story);
    });
}

async function storyOf(
  mac: HardwareAddress,
  options: ApiOptions,
  { environment }: CommandSurroundings,
): Promise<Story> {
  const directory = leasesDirectory(options.leasesDir, environment);
  const { leases, history } = kept(leaseFolder(options, environment), mac);
  const socket = join(directory, HEALTH_SOCKET);
  const asked: Status | Cause = await askStatus(socket, options).catch((error: unknown) => {
    const { message, remedy } = noAnswer(socket, error);
    return { cause: `no gateway answers on this node: ${message}`, remedy };
  });
  const status = 'cause' in asked ? undefined : asked;
  const text = hardwareToText(mac);
  const told = status === undefined ? NOTHING_TOLD : await tellings(apiOf(options, environment), text);
  const { decisions, reservations } = told;
  const cause = likeliestCause({
    noAnswer: 'cause' in asked ? asked : told.noAnswer,
    stopping: status?.problems.filter(({ stopsNewGuests }) => stopsNewGuests) ?? [],
    refusal: refusalOf(status, text),
    rogues: status?.rogueServers ?? [],
    leased: leases.find(({ state }) => state === 'bound')?.address,
    decisions,
    explain: (word) => rowOf(word),
    hearsOthers: Date.now() - Date.parse(status?.reception?.lastHeard ?? '') < LATELY,
  });
  return { mac: text, leases, history, reservations, decisions: decisions.slice(-SHOWN), cause };
}

const NOTHING_TOLD = { decisions: [], reservations: [], noAnswer: undefined } as const;

/** What the API knows of the guest. Where its thread is dead, what the lease file has is told all the same. */
async function tellings(api: GatewayApi, mac: string) {
  try {
    const decisions = await recentDecisions(api, mac);
    const { items } = await api.get<{ items: readonly ListedReservation[] }>('/reservations', { mac });
    return { decisions, reservations: items, noAnswer: undefined };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const cause = `what the gateway has decided could not be asked: ${error.message}`;
    return { ...NOTHING_TOLD, noAnswer: { cause, remedy: 'vps-gateway health' } };
  }
}

/** Of the one segment that is meant. */
async function askStatus(socket: string, { segment }: ApiOptions): Promise<Status> {
  return statusOfSegment(await askHealthOfAll(socket, ANSWER_TIME), segment) as Status;
}

/** What the lease file has of the guest. */
function kept(directory: string, mac: HardwareAddress): Pick<Story, 'leases' | 'history'> {
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
  const row = dropOf(refused.why) ?? rowOf(refused.why);
  const times = `${refused.count} times, last at ${refused.lastAsked}`;
  return {
    cause: `a rule of yours keeps it away (${refused.why}, ${times}): ${row?.means ?? ''}`,
    remedy: row?.remedy ?? `vps-gateway reasons ${refused.why}`,
  };
}

function dropOf(word: string): DropRow | undefined {
  return (DROPS as Readonly<Record<string, DropRow>>)[word];
}

function rowOf(word: string): ReasonRow | undefined {
  return (REASONS as Readonly<Record<string, ReasonRow>>)[word];
}

function writeStory(output: Output, { mac, leases, history, reservations, decisions, cause }: Story): void {
  writeSentences(output, [
    mac,
    ...reservations.map(
      ({ id, address, hostname }) =>
        `reserved for it: ${address} (reservation ${id}${hostname === undefined ? '' : `, name ${hostname}`})`,
    ),
    ...leases.map(
      ({ address, state, expires, node }) =>
        `lease: ${address}, ${state}${expires === null ? '' : `, until ${expires}`}${node === null ? '' : `, of ${node}`}`,
    ),
    ...(leases.length + reservations.length === 0 ? ['neither a lease nor a reservation is its'] : []),
    ...history.map(({ at, event, address, reason }) => `history: ${at} ${event} ${address} (${reason})`),
    ...decisions.map(
      ({ at, type, reason, address }) =>
        `decided: ${at} ${type} ${reason}${address === null ? '' : ` ${address}`}`,
    ),
    '',
    `likeliest cause: ${cause.cause}`,
    `  to mend it: ${cause.remedy}`,
  ]);
}
