import { ipv4ToText } from '../net/ipv4.ts';
import { prefixOf } from '../net/prefix.ts';
import { gatewayAddresses } from './address-plan.ts';
import type { ReadSettings } from './contradictions.ts';
import { nearestTo } from './nearest.ts';
import type { Fault, Problem } from './problem.ts';
import { type Environment, SETTING_KEYS, SETTINGS } from './settings.ts';

/** A variable with our prefix that no setting has is a slip of the pen, most likely. */
export function unknownVariables(environment: Environment): readonly Problem[] {
  const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
  return Object.entries(environment)
    .filter(
      ([name, value]) =>
        ['GATEWAY_DHCP_', 'GATEWAY_ETCD_'].some((prefix) => name.startsWith(prefix)) &&
        value !== undefined &&
        !known.includes(name),
    )
    .map(([name, value]) => ({
      setting: name,
      value,
      from: `environment ${name}`,
      message: 'no setting has this name, and it is ignored',
      remedy: `did you mean ${nearestTo(name, known)}?`,
    }));
}

/** What can be lived with, but is most likely not what was meant. */
export function doubtsIn(read: ReadSettings): readonly Fault[] {
  return [...maskInSubnet(read), ...gatewaysInPool(read), ...segmentAlone(read)];
}

/** A segment's name without endpoints: the leases are not shared, though somebody meant them to be. */
function segmentAlone({ segment, etcdEndpoints = [] }: ReadSettings): readonly Fault[] {
  if (segment === undefined || etcdEndpoints.length > 0) return [];
  const remedy = `set ${SETTINGS.etcdEndpoints.variable} to share them, or leave it out`;
  return [{ key: 'segment', message: 'is set without etcd: leases are not shared', remedy }];
}

/** An old habit. */
function maskInSubnet({ subnet }: ReadSettings): readonly Fault[] {
  if (subnet?.kind !== 'mask') return [];
  const remedy = `name it ${SETTINGS.subnetMask.variable}, and leave ${SETTINGS.subnet.variable} out`;
  return [{ key: 'subnet', message: 'is a mask, and is taken as one', remedy }];
}

function gatewaysInPool({ gateway, subnetMask, poolStart, poolEnd }: ReadSettings): readonly Fault[] {
  if (gateway === undefined || subnetMask === undefined || poolStart === undefined || poolEnd === undefined)
    return [];
  const inside = gatewayAddresses(prefixOf(gateway, subnetMask)).filter(
    (address) => address >= poolStart && address <= poolEnd,
  );
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return [];
  const message = `the pool holds ${ipv4ToText(first)} to ${ipv4ToText(last)}, which are gateways' and are never given out`;
  return [{ key: 'poolStart', message, remedy: 'begin the pool behind them' }];
}
