import { type Ipv4, ipv4, ipv4ToText } from '../net/ipv4.ts';
import { type AddressSpan, broadcastOf, contains, type Prefix, prefixToText } from '../net/prefix.ts';
import { exampleAddress, gatewayAddresses } from './address-plan.ts';
import { isWithin, mergedRanges, poolRanges, rangesToText, rangeToText } from './pools.ts';
import type { SettingFault } from './problem.ts';
import { SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** What is wrong with the addresses for guests, and with what is kept from them. */
export function poolFaults(read: Partial<Settings>, gateway: Ipv4, prefix: Prefix): readonly SettingFault[] {
  const { pools, poolStart, poolEnd } = read;
  const ofPool =
    pools === undefined
      ? endFaults(gateway, prefix, poolStart, poolEnd)
      : poolsFaults(pools, gateway, prefix);
  return [...ofPool, ...exclusionFaults(read, prefix)];
}

/** The remedy that sets a setting. */
function set(key: SettingKey, value: string): string {
  return `set ${SETTINGS[key].variable} (--${SETTINGS[key].flag}) to ${value}`;
}

export function reservedKind(address: Ipv4, prefix: Prefix): 'network' | 'broadcast' | undefined {
  if (address === prefix.network) return 'network';
  return address === broadcastOf(prefix) ? 'broadcast' : undefined;
}

function endFaults(
  gateway: Ipv4,
  prefix: Prefix,
  first: Ipv4 | undefined,
  last: Ipv4 | undefined,
): readonly SettingFault[] {
  const faults = [
    ...endFault('poolStart', first, prefix, exampleAddress(prefix, 20)),
    ...endFault('poolEnd', last, prefix, ipv4ToText(ipv4(broadcastOf(prefix) - 1))),
  ];
  if (first === undefined || last === undefined) return faults;
  if (first > last) {
    const message = `is behind the pool's end ${ipv4ToText(last)}: the pool is reversed`;
    return [...faults, { key: 'poolStart', message, remedy: 'exchange start and end of the pool' }];
  }
  const gateways = gatewayAddresses(prefix);
  if (gateways.includes(first) && gateways.includes(last)) {
    const remedy = set('poolEnd', 'one behind them');
    faults.push({ key: 'poolEnd', message: "leaves only gateways' addresses in the pool", remedy });
  }
  if (gateway < first || gateway > last) return faults;
  const message = `the pool up to ${ipv4ToText(last)} holds the router ${ipv4ToText(gateway)}`;
  return [...faults, { key: 'poolStart', message, remedy: set('poolStart', exampleAddress(prefix, 20)) }];
}

function endFault(
  key: 'poolStart' | 'poolEnd',
  address: Ipv4 | undefined,
  prefix: Prefix,
  example: string,
): SettingFault[] {
  if (address === undefined) return [];
  const remedy = set(key, example);
  if (!contains(prefix, address))
    return [{ key, message: `the pool crosses the subnet: it is outside ${prefixToText(prefix)}`, remedy }];
  const kind = reservedKind(address, prefix);
  return kind === undefined ? [] : [{ key, message: `the pool contains the ${kind} address`, remedy }];
}

function poolsFaults(pools: readonly AddressSpan[], gateway: Ipv4, prefix: Prefix): readonly SettingFault[] {
  const faults = rangeFaults('pools', pools, prefix);
  return faults.length > 0 ? faults : pools.flatMap((range) => holdFaults(range, gateway, prefix));
}

/** Ranges that are outside the subnet, or overlap. */
function rangeFaults(
  key: 'pools' | 'exclusions',
  ranges: readonly AddressSpan[],
  prefix: Prefix,
): readonly SettingFault[] {
  const outside = ranges.find(({ first, last }) => !contains(prefix, first) || !contains(prefix, last));
  if (outside !== undefined) {
    const message = `${rangeToText(outside)} is outside the subnet ${prefixToText(prefix)}`;
    return [{ key, message, remedy: `write ranges of ${prefixToText(prefix)}` }];
  }
  const sorted = [...ranges].sort((one, other) => one.first - other.first);
  const overlapping = sorted.find(({ first }, index) => first <= (sorted[index - 1]?.last ?? -1));
  if (overlapping === undefined) return [];
  const message = `${rangeToText(overlapping)} overlaps another of its ranges`;
  return [{ key, message, remedy: 'write ranges that do not overlap' }];
}

/** Addresses that no guest can have, in a range of the pool. */
function holdFaults(range: AddressSpan, gateway: Ipv4, prefix: Prefix): readonly SettingFault[] {
  const text = rangeToText(range);
  const within = (address: Ipv4) => address >= range.first && address <= range.last;
  const faults: SettingFault[] = [];
  for (const end of [prefix.network, broadcastOf(prefix)])
    if (within(end)) {
      const message = `${text} contains the ${reservedKind(end, prefix)} address ${ipv4ToText(end)}`;
      faults.push({ key: 'pools', message, remedy: 'leave it out of the range' });
    }
  if (within(gateway)) {
    const message = `${text} holds the router ${ipv4ToText(gateway)}`;
    faults.push({ key: 'pools', message, remedy: 'write a range before it and one behind it' });
  }
  return faults;
}

function exclusionFaults(read: Partial<Settings>, prefix: Prefix): readonly SettingFault[] {
  const { exclusions = [] } = read;
  const faults = rangeFaults('exclusions', exclusions, prefix);
  const ranges = poolRanges(read);
  const excluded = mergedRanges(exclusions);
  if (faults.length > 0 || ranges.length === 0 || !ranges.every((range) => isWithin(range, excluded)))
    return faults;
  const message = `leaves no address of the pool ${rangesToText(ranges)}`;
  return [{ key: 'exclusions', message, remedy: 'exclude fewer addresses' }];
}

/** What is wrong with the share of the pool that this gateway alone gives out. */
export function shareFaults(read: Partial<Settings>): readonly SettingFault[] {
  const pools = mergedRanges(poolRanges(read));
  const share = [...(read.share ?? [])].sort((one, other) => one.first - other.first);
  if (pools.length === 0) return [];
  for (const [index, range] of share.entries()) {
    const text = `${ipv4ToText(range.first)}-${ipv4ToText(range.last)}`;
    if (!isWithin(range, pools)) {
      const message = `${text} is outside the pool ${poolText(pools)}`;
      return [{ key: 'share', message, remedy: set('share', 'ranges within the pool') }];
    }
    if (index > 0 && range.first <= (share[index - 1]?.last ?? 0)) {
      const message = `${text} overlaps another of its ranges`;
      return [{ key: 'share', message, remedy: set('share', 'ranges that do not overlap') }];
    }
  }
  return [];
}

/** With both ends of each range, also of one address. */
export function poolText(ranges: readonly AddressSpan[]): string {
  return ranges.map(({ first, last }) => `${ipv4ToText(first)}-${ipv4ToText(last)}`).join(', ');
}
