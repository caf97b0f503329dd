import { hostname } from 'node:os';
import { INFINITE_SECONDS } from '../../lease/lease.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import { prefixOf } from '../../net/prefix.ts';
import { secondsOf, USUAL_T1, USUAL_T2 } from '../../subnet/renewal.ts';
import { gatewayAddresses } from '../address-plan.ts';
import { secondsToText } from '../duration.ts';
import { leaseTimesOf } from '../plan-of-settings.ts';
import { SETTINGS, type SettingKey, type Settings } from '../settings.ts';
import type { ShownSetting } from './shown-settings.ts';

type Listen = Pick<ListenAddress, 'listenIp' | 'interfaceName'> | undefined;

/**
 * Adds to each setting that has no value the one that is in force, if there is one.
 *
 * @param listen The address that is served; undefined: none.
 */
export function withDerived(
  shown: readonly ShownSetting[],
  settings: Settings,
  listen: Listen,
): readonly ShownSetting[] {
  const byKey = derivedValues(settings, listen);
  const derived = new Map(
    (Object.keys(byKey) as SettingKey[]).map((key) => [SETTINGS[key].variable, byKey[key]]),
  );
  return shown.map((each) => {
    const value = each.value === null ? derived.get(each.setting) : undefined;
    return value === undefined ? each : { ...each, derived: value };
  });
}

function derivedValues(settings: Settings, listen: Listen): Partial<Record<SettingKey, string | undefined>> {
  const { leaseTime } = settings;
  const times = leaseTimesOf(settings);
  const ofLease = (part: number) => secondsToText(Math.floor(secondsOf(part, leaseTime)));
  const hasEnd = leaseTime !== INFINITE_SECONDS;
  return {
    listenIp: listen && ipv4ToText(listen.listenIp),
    interface: listen?.interfaceName,
    peers: planToText(settings),
    leaseTimeMin: leaseTimeToText(times.minimum),
    leaseTimeMax: leaseTimeToText(times.maximum),
    // RFC 2131 §4.4.5: a lease without an end is not renewed.
    renewalTime: hasEnd ? ofLease(USUAL_T1) : undefined,
    rebindingTime: hasEnd ? ofLease(USUAL_T2) : undefined,
    nodeName: hostname(),
  };
}

function leaseTimeToText(seconds: number): string {
  return seconds === INFINITE_SECONDS ? 'infinite' : secondsToText(seconds);
}

/** The addresses that the address plan has for gateways. */
function planToText({ gateway, subnetMask }: Settings): string | undefined {
  const plan = gatewayAddresses(prefixOf(gateway, subnetMask)).map(ipv4ToText);
  return plan.length === 0 ? undefined : `${plan[0]} to ${plan.at(-1)}`;
}
