import { ipv4ToText } from '../../net/ipv4.ts';
import { LIST_NAME } from '../file/list-name.ts';
import type { FileValues } from '../file/read-mapping.ts';
import type { FileSegment } from '../file/read-segments.ts';
import { type Origin, originToText, type Problem, problemOf } from '../problem.ts';
import type { Environment, SettingKey, Settings } from '../settings.ts';
import { type Flags, type Origins, originOf, originsOf } from './origins.ts';
import { type SettledSettings, settleSettings } from './settle-settings.ts';

/** One segment of the list in a settings file. */
export interface LoadedSegment {
  /** As the list names it: it is the segment's name in etcd, and its folder in the leases directory. */
  readonly name: string;
  readonly settings: Settings;
  readonly origins: Origins;
}

export interface ListParts {
  readonly flags: Flags;
  readonly environment: Environment;
  /** What stands above the list. */
  readonly values: FileValues;
  readonly segments: readonly FileSegment[];
  /** The leases directory of the process. */
  readonly base: Origin;
}

export interface LoadedList {
  /** Those whose settings can be used. */
  readonly segments: readonly LoadedSegment[];
  readonly warnings: readonly Problem[];
  readonly problems: readonly Problem[];
}

/** One entry with its settings. */
interface Entry extends SettledSettings {
  readonly at: Origin;
  readonly name: string | undefined;
}

/** By these a segment differs from the others, so one value for all of them cannot be meant. */
const OF_ONE_SEGMENT: readonly SettingKey[] = [
  'segment',
  'listenIp',
  'interface',
  'gateway',
  'subnetMask',
  'subnet',
  'poolStart',
  'poolEnd',
  'pools',
  'exclusions',
  'share',
  'peers',
];
/** Names of files that a gateway keeps beside the folders of its segments. */
const FILE_NAMES = /^(leases\.|listen-ip\.|health\.sock|api\.sock)/;

/** Reads the list of segments, and checks each entry by itself and against the others. */
export function loadSegments(parts: ListParts): LoadedList {
  const entries = parts.segments.map((segment) => entryOf(segment, parts));
  const between = [
    ...overrides(parts),
    ...entries.flatMap(nameFaults),
    ...(entries.length > 1 ? entries.flatMap(placeFaults) : []),
    ...twice(entries),
    ...platformFaults(entries),
  ];
  return {
    segments: entries.flatMap(({ name, settings, origins, problems }) =>
      name === undefined || problems.length > 0 ? [] : [{ name, settings: settings as Settings, origins }],
    ),
    warnings: entries.flatMap((entry) => entry.warnings.map((warning) => placed(warning, entry))),
    problems: [
      ...between,
      ...entries.flatMap((entry) => entry.problems.map((problem) => placed(problem, entry))),
    ],
  };
}

function entryOf(
  { at, values, policy }: FileSegment,
  { flags, environment, values: above, base }: ListParts,
): Entry {
  const origins = originsOf(flags, environment, { ...above, ...values });
  const { segment: name = NO_NAME } = values;
  const settled = settleSettings(
    {
      ...origins,
      segment: name,
      leasesDir: values.leasesDir ?? { ...base, text: folderOf(base.text ?? '', name.text?.trim() ?? '') },
    },
    policy,
    true,
  );
  return { ...settled, at, name: settled.settings.segment };
}

const NO_NAME: Origin = { source: 'default', name: '', text: undefined };

function folderOf(directory: string, name: string): string {
  return `${directory.trim().replace(/\/+$/, '')}/${name}`;
}

/** A fault of a default is one of the entry, which has another network than the default's. */
function placed(problem: Problem, { at, name }: Entry): Problem {
  if (problem.from !== 'default') return problem;
  return {
    ...problem,
    from: `default, in the segment ${name ?? ''} at ${originToText(at)}`.replace('  ', ' '),
  };
}

function nameFaults(entry: Entry): readonly Problem[] {
  const { at, name, origins } = entry;
  if (origins.segment.text === undefined)
    return [
      problemAt(at, 'has no name', 'write - name: tenant-a first; its leases are in a folder of that name'),
    ];
  if (name === undefined || !FILE_NAMES.test(name)) return [];
  const message = 'is the name of a file in the leases directory';
  return [problemOf({ key: 'segment', message, remedy: 'take another name' }, origins.segment)];
}

/** What is found on the interfaces of a host could be found twice. */
function placeFaults({ at, settings, origins }: Entry): readonly Problem[] {
  const isSaid = [origins.interface, origins.listenIp].some(({ text }) => text !== undefined);
  if (isSaid || settings.interface !== undefined) return [];
  return [problemAt(at, 'has neither interface nor listen_ip', 'write at least one of them in each entry')];
}

function problemAt(at: Origin, message: string, remedy: string): Problem {
  return { setting: LIST_NAME, value: undefined, from: originToText(at), message, remedy };
}

/** Flags and variables that cannot be meant for several segments. */
function overrides({ flags, environment, values, segments }: ListParts): readonly Problem[] {
  const message = `has no meaning beside ${LIST_NAME}`;
  const remedy = 'leave it out: each entry has its name';
  const above = values.segment && problemOf({ key: 'segment', message, remedy }, values.segment);
  return [...(above === undefined ? [] : [above]), ...overridesOf(flags, environment, segments.length)];
}

function overridesOf(flags: Flags, environment: Environment, count: number): readonly Problem[] {
  return OF_ONE_SEGMENT.flatMap((key) => {
    const origin = originOf(key, flags, environment);
    const isChoice = key === 'segment'; // A command that reads may say which one it is about.
    if (origin.source === 'default' || isChoice || count < 2) return [];
    const message = `would be the same in all ${count} segments of the settings file`;
    return [
      problemOf({ key, message, remedy: `leave it out, and set it in each entry of ${LIST_NAME}` }, origin),
    ];
  });
}

/** Its calls say no segment. */
function platformFaults(entries: readonly Entry[]): readonly Problem[] {
  const [first] = entries;
  const port = first?.settings.grpcPort ?? 'off';
  if (first === undefined || entries.length < 2 || port === 'off') return [];
  const message = "opens the platform's protocol, whose calls name no segment, and there are several";
  const remedy = 'leave it out, or serve the segment of the platform by a process of its own';
  return [problemOf({ key: 'grpcPort', message, remedy }, first.origins.grpcPort)];
}

/** What two segments of one process cannot both have. */
function twice(entries: readonly Entry[]): readonly Problem[] {
  return (['segment', 'interface', 'listenIp', 'leasesDir'] as const).flatMap((key) => {
    const first = new Map<string, Entry>();
    return entries.flatMap((entry) => {
      const value = entry.settings[key];
      const text = typeof value === 'number' ? ipv4ToText(value) : value?.replace(/\/+$/, '');
      const other = text === undefined ? undefined : first.get(text);
      if (text !== undefined && other === undefined) first.set(text, entry);
      if (other === undefined || (key === 'leasesDir' && other.name === entry.name)) return [];
      return [twiceProblem(key, entry, other)];
    });
  });
}

function twiceProblem(key: SettingKey, entry: Entry, other: Entry): Problem {
  const message = `is that of another segment, too: ${originToText(other.origins[key])}`;
  const { from, ...problem } = problemOf({ key, message, remedy: REMEDIES[key] ?? '' }, entry.origins[key]);
  return placed({ ...problem, from }, entry);
}

const REMEDIES: Readonly<Partial<Record<SettingKey, string>>> = {
  segment: 'give each segment a name of its own',
  interface: 'each segment has an interface of its own',
  listenIp: "write this node's own address on each segment",
  leasesDir: 'leave it out, or name a directory of its own for each',
};
