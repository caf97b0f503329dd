import { nearestTo } from '../config/nearest.ts';
import { GatewayError } from '../errors.ts';
import type { Instant } from '../lease/lease.ts';
import { type HardwareAddress, hardwareFromText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4FromText } from '../net/ipv4.ts';
import type { LeaseFilter } from '../store/sqlite/lease-reader.ts';
import { momentOf } from './moment.ts';

const COMMANDS = ['list', 'show', 'history', 'export', 'release', 'reserve'];
export const STATES = ['bound', 'expired', 'free', 'declined', 'peer'];

/** The options of `leases list` that select leases. */
export interface FilterOptions {
  readonly address?: string;
  readonly mac?: string;
  readonly state?: string;
  readonly hostname?: string;
}

/** The options of `leases history` that select a time. */
export interface SpanOptions {
  readonly since?: string;
  readonly until?: string;
  readonly at?: string;
}

/** @throws GatewayError for a value that cannot be read. */
export function filterOf({ address, mac, state, hostname }: FilterOptions): LeaseFilter {
  if (state !== undefined && !STATES.includes(state)) {
    throw new GatewayError(
      'bad-settings',
      `--state ${state}: no state of a lease: use one of ${STATES.join(', ')}`,
    );
  }
  return {
    address: address === undefined ? undefined : addressFrom('--address ', address),
    mac: mac === undefined ? undefined : macFrom('--mac ', mac),
    state,
    hostname,
  };
}

/** @throws GatewayError if the text is neither. */
export function addressOrMac(text: string): Pick<LeaseFilter, 'address' | 'mac'> {
  const mac = hardwareFromText(text);
  return mac === undefined ? { address: addressFrom('', text) } : { mac };
}

/** @throws GatewayError if it is none. */
export function addressFrom(flag: string, text: string): Ipv4 {
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

/** @throws GatewayError if it is none. */
export function macFrom(flag: string, text: string): HardwareAddress {
  const mac = hardwareFromText(text);
  if (mac !== undefined) return mac;
  throw new GatewayError('bad-settings', `${flag}${text}: not a MAC address: write it as 52:54:00:12:34:56`);
}

/** The times that a history is limited to. */
export interface Span {
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
  readonly at: Instant | undefined;
}

/** @throws GatewayError for a time that cannot be read, and for times that contradict each other. */
export function timeSpanOf(options: SpanOptions, now: Instant): Span {
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

/** @throws GatewayError if the text is no whole number from 1. */
export function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new GatewayError('bad-settings', `${flag} ${text}: not a count: write a whole number from 1`);
}
