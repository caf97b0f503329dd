import type { Command } from 'commander';
import { asTyped } from '../../diagnosis/sentence.ts';
import { GatewayError } from '../../errors.ts';
import { type HardwareAddress, hardwareFromText } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import { type ApiOptions, apiCommand } from '../api/api-command.ts';
import { segmentsMeant } from '../chosen-segment.ts';
import { decisionCause } from '../events/decision-cause.ts';
import { jsonText } from '../output/json.ts';
import { type Output, writeSentences } from '../output/output.ts';
import { type CommandSurroundings, surroundingsOfProcess } from '../surroundings.ts';
import { guestsOfAddress } from './guests-of-address.ts';
import { type Story, storyOf } from './story.ts';

/** A story, with the segment that it is of, and why it is told. */
interface Told extends Story {
  /** Where several are served. */
  readonly segment?: string;
  /** Where an address was asked about: what the guest has to do with it. */
  readonly found?: string;
}

/** Adds `why`. */
export function addWhyCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  apiCommand(program, 'why', 'all that is known about a guest that gets no address, and the likeliest cause')
    .argument('<mac|address>', 'the guest, or an address that it has, had, or should have')
    .action(async (text: string, options: ApiOptions) => {
      const mac = hardwareFromText(text);
      const stories =
        mac === undefined
          ? await storiesAbout(addressIn(text), options, surroundings)
          : await storiesOf(mac, options, surroundings);
      const { output } = surroundings;
      if (options.json === true) output.write(jsonText(stories.length === 1 ? stories[0] : stories));
      else
        for (const [index, story] of stories.entries()) {
          if (index > 0) output.write('\n');
          writeStory(output, story);
        }
    });
}

/** @throws GatewayError if it is none. */
function addressIn(text: string): Ipv4 {
  const address = ipv4FromText(text);
  if (address !== undefined) return address;
  throw new GatewayError(
    'bad-settings',
    `${text}: neither a MAC address nor an IPv4 address: write it as 52:54:00:12:34:56 or 10.15.3.20; a host name is found by \`vps-gateway leases list --hostname\``,
  );
}

/** Of each segment that knows the guest; of all where none does. */
async function storiesOf(
  mac: HardwareAddress,
  options: ApiOptions,
  surroundings: CommandSurroundings,
): Promise<readonly Told[]> {
  const segments = segmentsMeant(options, surroundings.environment);
  const all = await Promise.all(
    segments.map(async (segment) => {
      const { story, isKnown } = await storyOf(mac, chosenOf(options, segment), surroundings);
      return { told: { ...nameOf(segment, segments), ...story }, isKnown };
    }),
  );
  const known = all.filter(({ isKnown }) => isKnown);
  return (known.length > 0 ? known : all).map(({ told }) => told);
}

/**
 * Of each guest that an address has to do with, in each segment that knows one.
 *
 * @throws GatewayError 'not-found' if none does.
 */
async function storiesAbout(
  address: Ipv4,
  options: ApiOptions,
  surroundings: CommandSurroundings,
): Promise<readonly Told[]> {
  const segments = segmentsMeant(options, surroundings.environment);
  const stories: Told[] = [];
  let hindrance: string | undefined;
  for (const segment of segments) {
    const chosen = chosenOf(options, segment);
    const found = new Map<HardwareAddress, string[]>();
    const { guests, unasked } = await guestsOfAddress(address, chosen, surroundings);
    hindrance ??= unasked;
    for (const { mac, says } of guests) found.set(mac, [...(found.get(mac) ?? []), says]);
    for (const [mac, says] of found) {
      const { story } = await storyOf(mac, chosen, surroundings);
      stories.push({ ...nameOf(segment, segments), found: says.join('; '), ...story });
    }
  }
  if (stories.length > 0) return stories;
  const text = ipv4ToText(address);
  throw new GatewayError(
    'not-found',
    hindrance === undefined
      ? `${text}: no lease, no reservation and no history names a guest of this address: ask with the guest's MAC`
      : `${text}: no lease and no history names a guest of this address, and which reservations there are could not be asked: ${hindrance}`,
  );
}

/** Where one alone is served, it is not named. */
function nameOf(segment: string | undefined, segments: readonly unknown[]): { readonly segment?: string } {
  return segments.length > 1 && segment !== undefined ? { segment } : {};
}

function chosenOf({ leasesDir }: ApiOptions, segment: string | undefined) {
  return { ...(leasesDir !== undefined && { leasesDir }), ...(segment !== undefined && { segment }) };
}

/** What it is called where it is told of the guest, and not of the address. */
const EVENT_WORDS: Readonly<Record<string, string>> = { moved: 'left' };
function writeStory(output: Output, told: Told): void {
  const { segment, found, mac, leases, history, reservations, decisions, cause } = told;
  writeSentences(output, [
    ...(segment === undefined ? [] : [`segment ${segment}`]),
    ...(found === undefined ? [] : [found]),
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
    ...history.map(
      ({ at, event, address, reason }) =>
        `history: ${at} ${EVENT_WORDS[event] ?? event} ${address} (${reason})`,
    ),
    ...decisions.map(
      ({ at, type, reason, address }) =>
        `decided: ${at} ${decisionCause(type, reason)} ${reason}${address === null ? '' : ` ${address}`}`,
    ),
    '',
    `likeliest cause: ${cause.cause}`,
    `  to mend it: ${asTyped(cause.remedy)}`,
  ]);
}
