import { ipv4ToText } from '../../net/ipv4.ts';
import { contradictionsIn, type ReadSettings } from '../contradictions.ts';
import { doubtsIn } from '../doubts.ts';
import type { FilePolicy } from '../file/policy/file-policy.ts';
import { mergedRanges } from '../pools.ts';
import { type Origin, originToText, type Problem, problemOf, type SettingFault } from '../problem.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../settings.ts';
import type { Origins } from './origins.ts';

/** Settings that were read and checked against each other. */
export interface SettledSettings {
  /** Those that could be read. */
  readonly settings: ReadSettings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the text of each setting, and finds what is wrong with it and with all of them together.
 *
 * @param policy What the settings file says of guests besides.
 * @param isOfList Whether they are those of a list's segment, which has a name also without etcd.
 */
export function settleSettings(
  written: Origins,
  { policy, contradictions }: FilePolicy,
  isOfList = false,
): SettledSettings {
  const { values, problems } = readTexts(written);
  const said = policy.said.length > 0 ? { ...values, policy } : values;
  const { read, origins } = withMaskOfSubnet(said, written);
  const warnings = doubtsIn(isOfList ? { ...read, segment: undefined } : read).map((fault) =>
    problemOf(fault, origins[fault.key]),
  );
  // A setting that cannot be read has its own problem already: it is not reported as missing too.
  const isUnread = (key: SettingKey) => written[key].text !== undefined && values[key] === undefined;
  const faults = [...contradictionsIn(read).filter(({ key }) => !isUnread(key)), ...poolTwice(origins)];
  return {
    ...withEndsOfPools(read, origins),
    warnings,
    problems: [
      ...problems,
      ...faults.map((fault) => problemOf(fault, origins[fault.key])),
      ...contradictions(read),
    ],
  };
}

/** The settings by themselves: what several of them mean together is not asked. */
export function readTexts(written: Origins): {
  readonly values: ReadSettings;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const origin = written[key];
    if (origin.text === undefined) continue;
    const text = origin.text.trim();
    const reading = SETTINGS[key].kind.read(text);
    if (reading.ok) {
      values[key] = reading.value;
      continue;
    }
    // A file of settings that no shell reads (env_file, docker run --env-file) leaves them in the value.
    const remedy = /^(["']).*\1$/.test(text) ? 'leave the quotation marks out' : reading.remedy;
    problems.push(problemOf({ key, message: reading.fault, remedy }, origin));
  }
  // Where the ranges of a pool cannot be read, the ends of another setting are not meant.
  if (written.pools.text !== undefined && values.pools === undefined)
    for (const key of ['poolStart', 'poolEnd'] as const) delete values[key];
  return { values: values as ReadSettings, problems };
}

/** A mask in GATEWAY_DHCP_SUBNET, or a length behind its network, counts where the mask itself is not set. */
function withMaskOfSubnet(read: ReadSettings, origins: Origins): { read: ReadSettings; origins: Origins } {
  const length = read.subnet?.length;
  if (length === undefined || origins.subnetMask.source !== 'default') return { read, origins };
  const subnetMask: Origin = { ...origins.subnet, text: `/${length}` };
  return { read: { ...read, subnetMask: length }, origins: { ...origins, subnetMask } };
}

/** The ends of the pool by two settings: nothing says which of them was meant. */
function poolTwice(origins: Origins): readonly SettingFault[] {
  if (origins.pools.text === undefined) return [];
  const ends = (['poolStart', 'poolEnd'] as const).filter((key) => origins[key].source !== 'default');
  return ends.map((key) => {
    const { variable } = SETTINGS[key];
    const message = `says the pool a second time: so does ${variable} (${originToText(origins[key])})`;
    return {
      key: 'pools',
      message,
      remedy: `leave one of them out: ${SETTINGS.pools.variable} alone is enough`,
    };
  });
}

/** Everything else goes by the first and the last address. Ranges are kept where there are holes between them. */
function withEndsOfPools(
  read: ReadSettings,
  origins: Origins,
): { readonly settings: ReadSettings; readonly origins: Origins } {
  const { pools, ...others } = read;
  const ranges = mergedRanges(pools ?? []);
  const [first] = ranges;
  const last = ranges.at(-1);
  if (first === undefined || last === undefined) return { settings: others, origins };
  const ends = { poolStart: first.first, poolEnd: last.last };
  return {
    settings: { ...others, ...ends, ...(ranges.length > 1 ? { pools: ranges } : {}) },
    origins: {
      ...origins,
      poolStart: { ...origins.pools, text: ipv4ToText(ends.poolStart) },
      poolEnd: { ...origins.pools, text: ipv4ToText(ends.poolEnd) },
    },
  };
}
