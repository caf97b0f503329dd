import { withCapital } from '../../diagnosis/sentence.ts';
import { GatewayError } from '../../errors.ts';
import { canBeInPath } from '../../lease/outside-id.ts';
import type { MemberChange } from '../../lease/reservation/reservation-changes.ts';
import { readable } from '../../wire/readable-text.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import type { ProblemDetails, Remedies } from '../api/refusal.ts';
import { changesToText } from './changes-to-text.ts';
import type { JsonEntry } from './read-entries.ts';

/** What keeps a guest from its address. */
export interface ShownObstacle {
  readonly cause: string;
  readonly until: string;
  readonly mac: string | null;
}

/** How far a reservation is from being so. */
export interface Progress {
  /** What of it was changed, or would be; absent: the answer does not tell. */
  readonly changes?: readonly MemberChange[];
  readonly pending?: ShownObstacle | null;
  /** The other address that its guest has until its next renewal. */
  readonly still_has?: { readonly address: string; readonly until: string } | null;
}

/** A reservation, as the API answers an order about it. */
export interface Ordered extends JsonEntry, Progress {
  readonly id: string;
  readonly address: string;
  readonly version?: number;
  /** Of a dry run. */
  readonly change?: 'added' | 'changed' | 'unchanged' | 'removed';
}

/** What to type next where an order about this id is refused. */
export function remediesOf(id: string): Remedies {
  const shown = quoted(id);
  return {
    'another-version': 'somebody has changed it meanwhile: look at it, and order it again',
    'another-address': `\`vps-gateway reservations show ${shown}\` shows it`,
    'body-has-faults': '`vps-gateway reservations set --help` shows how each is written',
    held: heldRemedy,
    'needs-shared-store': 'name an address (--address), and reserve it at every gateway',
    'not-allowed':
      '`vps-gateway settings` shows the segment; choose an address of it that is no gateway or router',
    'not-found': '`vps-gateway reservations` lists them all',
    'of-settings-file': 'change it in the settings file, then `vps-gateway reload`',
    'pool-full':
      'name an address outside the pool (--address), or free one: `vps-gateway leases` shows who has them',
  };
}

/** One that was removed cannot be removed again; and another address does not help where a card is another one's. */
function heldRemedy({ errors = [] }: ProblemDetails): string {
  const other = '`vps-gateway reservations show` with that id shows the other one';
  if (errors.some(({ pointer }) => pointer !== '/address'))
    return `${other}; take what both name from one of the two, or remove the other one`;
  if (errors.some(({ detail }) => detail.startsWith('is kept for the id ')))
    return 'the other one was removed: choose another address, wait until then, or reserve it for that id again';
  return `${other}; remove it, or choose another address`;
}

/**
 * The path of a reservation.
 *
 * @throws GatewayError if none can name it.
 */
export function pathOf(id: string): string {
  if (!canBeInPath(id)) throw new GatewayError('bad-settings', `'${id}' is no id of a reservation`);
  return `/reservations/${encodeURIComponent(id)}`;
}

/** Undefined: there is none of this id in force. */
export async function knownReservation(api: GatewayApi, id: string): Promise<Ordered | undefined> {
  return await api.find<Ordered>(pathOf(id));
}

/**
 * A sentence for each other gateway, and each machine that may be one, that does not know of the order. None: no other gateway
 * is known, or all share the reservations.
 *
 * @param order What to order there.
 */
export async function withoutIt(
  api: GatewayApi,
  order = 'order the same, with this address,',
): Promise<readonly string[]> {
  // What was ordered is done, whatever becomes of this question.
  const info = await api.find<Whereabouts>('/info').catch(() => undefined);
  const others = info?.other_gateways ?? [];
  const gateways = others
    .filter(({ is_gateway: isGateway }) => isGateway)
    .map(({ address, state }) => (GONE.includes(state) ? `${address} (gone now)` : address));
  const machines = others.filter(({ is_gateway: isGateway, state }) => !isGateway && state === 'there');
  return [
    ...(gateways.length === 0 ? [] : [`at this gateway only: ${order} at ${gateways.join(', ')} too`]),
    ...machines.map(({ address }) => `${address} answers ARP: if a gateway runs there, ${order} there too`),
  ];
}

/** What `/info` says of other gateways. */
interface Whereabouts {
  readonly other_gateways?: readonly {
    readonly address: string;
    readonly state: string;
    readonly is_gateway: boolean;
  }[];
}

const GONE: readonly string[] = ['away', 'stopped'];

const CAUSES: Readonly<Record<string, (mac: string) => string>> = {
  leased: (mac) => `another guest${mac} has the address, and is moved at its next renewal`,
  quarantined: () => 'the address is in quarantine',
  'granted-by-peer': (mac) =>
    `a gateway that shares no leases has granted the address${mac === '' ? '' : ` to${mac}`}`,
};
/** RFC 2131 §3.3: a lease without end. */
const NEVER = '9999-12-31T23:59:59Z';

/** Why its guest does not have the address yet, and which one it has until then: a sentence each; none: it is so. */
export function progressTexts({ pending, still_has: still }: Progress): readonly string[] {
  const texts: string[] = [];
  if (pending !== null && pending !== undefined) {
    const mac = pending.mac === null ? '' : ` (${pending.mac})`;
    texts.push(`not yet: ${CAUSES[pending.cause]?.(mac) ?? pending.cause}; ${latest(pending.until)}`);
  }
  if (still !== null && still !== undefined)
    texts.push(`its guest still has ${still.address}, until its next renewal; ${latest(still.until)}`);
  return texts;
}

/** The same as one text for a table, after what was changed; null: nothing was, and it is so. */
export function remarkOf(progress: Progress): string | null {
  const texts = [changesToText(progress.changes), ...progressTexts(progress)].filter((text) => text !== '');
  return texts.map((text, index) => (index === 0 ? text : withCapital(text))).join('. ') || null;
}

function latest(time: string): string {
  const short = time.replace(/\.\d+Z$/, 'Z');
  return short === NEVER ? 'no end is known' : `at ${short} at the latest`;
}

/** For a shell, where it needs that. */
export function quoted(id: string): string {
  const text = readable(id);
  return /^[\w.:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
