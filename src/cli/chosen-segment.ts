import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedSettings, RejectedSettings } from '../config/loading/load-settings.ts';
import type { LoadedSegment } from '../config/loading/segment-settings.ts';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { isOfSeveral, type SegmentsStatus } from '../reporting/segments-status.ts';
import type { Status } from '../reporting/status.ts';
import { hasLeaseFile } from '../store/sqlite/lease-reader.ts';
import { leasesDirectory } from './leases-directory.ts';
import { loadWithFile } from './load-with-file.ts';

/** The option of a command that is about one segment. */
export const SEGMENT_OPTION = ['--segment <name>', 'which segment, where several are served'] as const;

/** The options of a command that say where leases are. */
export interface LeaseFolderOptions {
  readonly leasesDir?: string;
  readonly segment?: string;
}

/**
 * The directory of a segment's lease file, by the settings of this shell. Without them, by what is in the leases directory.
 *
 * @throws GatewayError 'bad-settings' if there are several segments, and none of them is named.
 */
export function leaseFolder({ leasesDir, segment }: LeaseFolderOptions, environment: Environment): string {
  const base = leasesDirectory(leasesDir, environment);
  const loaded = loadWithFile(leasesDir === undefined ? {} : { leasesDir }, environment);
  const wanted = segment ?? wantedIn(loaded);
  if (loaded.segments.length > 0) return segmentOf(loaded.segments, wanted).settings.leasesDir;
  if (hasLeaseFile(base) && (segment === undefined || segment === loaded.settings.segment)) return base;
  const folders = foldersIn(base);
  if (segment !== undefined) return join(base, nameAmong(folders, segment));
  const [only] = folders;
  return only === undefined ? base : join(base, nameAmong(folders, undefined));
}

/**
 * The segments that a command is about: the one that an option or a setting of this shell names, else all that are served.
 * Undefined stands for a segment that is served alone: it needs no name.
 */
export function segmentsMeant(
  { leasesDir, segment }: LeaseFolderOptions,
  environment: Environment,
): readonly (string | undefined)[] {
  if (segment !== undefined) return [segment];
  const base = leasesDirectory(leasesDir, environment);
  const loaded = loadWithFile(leasesDir === undefined ? {} : { leasesDir }, environment);
  const listed = loaded.segments.map(({ name }) => name);
  const names = listed.length > 0 || hasLeaseFile(base) ? listed : foldersIn(base);
  if (names.length === 0) return [undefined];
  const wanted = wantedIn(loaded);
  return wanted === undefined ? names : [nameAmong(names, wanted)];
}

/** The settings of each segment of the list, or of the one that is named. Empty: there is no list. */
export function ofEachSegment(loaded: LoadedSettings | RejectedSettings): readonly LoadedSettings[] {
  const { segments } = loaded;
  const wanted = segments.length === 0 ? undefined : wantedIn(loaded);
  const meant = wanted === undefined ? segments : [segmentOf(segments, wanted)];
  return meant.map(({ settings, origins }) => ({ ok: true, settings, origins, warnings: [], segments: [] }));
}

/**
 * The settings of one segment.
 *
 * @throws GatewayError 'bad-settings' if there are several, and neither GATEWAY_SEGMENT nor --segment names one of them.
 */
export function ofOneSegment(loaded: LoadedSettings): LoadedSettings {
  if (loaded.segments.length === 0) return loaded;
  const { settings, origins } = segmentOf(loaded.segments, wantedIn(loaded));
  return { ...loaded, settings, origins, segments: [] };
}

/** Which segment GATEWAY_SEGMENT names, or the flag. */
function wantedIn({ origins }: Pick<LoadedSettings | RejectedSettings, 'origins'>): string | undefined {
  const { source, text } = origins.segment;
  return source === 'flag' || source === 'environment' ? text?.trim() : undefined;
}

function segmentOf(segments: readonly LoadedSegment[], wanted: string | undefined): LoadedSegment {
  const names = segments.map(({ name }) => name);
  const name = nameAmong(names, wanted);
  const found = segments.find((segment) => segment.name === name);
  if (found === undefined) throw noSuchSegment(names, name);
  return found;
}

function nameAmong(names: readonly string[], wanted: string | undefined): string {
  const [only] = names;
  if (wanted === undefined && only !== undefined && names.length === 1) return only;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  throw noSuchSegment(names, wanted);
}

/**
 * What a gateway says of one of its segments, if one is named; else of all.
 *
 * @throws GatewayError 'bad-settings' if there is no such segment.
 */
export function statusOfSegment(
  answer: Status | SegmentsStatus,
  segment: string | undefined,
): Status | SegmentsStatus {
  if (segment === undefined || !isOfSeveral(answer)) return answer;
  const found = answer.segments.find((each) => each.segment === segment);
  if (found !== undefined) return found;
  throw noSuchSegment(
    answer.segments.map((each) => each.segment),
    segment,
  );
}

/** The error of a segment that is not named, or not served. */
function noSuchSegment(names: readonly string[], wanted: string | undefined): GatewayError {
  const there = names.length === 0 ? 'none' : names.join(', ');
  const what =
    wanted === undefined ? 'several segments are served' : `no segment is named ${wanted}; there are`;
  const remedy = `name one of them: --segment <name> (${SETTINGS.segment.variable})`;
  return new GatewayError('bad-settings', `${what}: ${there}\nto mend it: ${remedy}`);
}

/** The folders of a directory that have a lease file each. */
function foldersIn(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.filter((name) => hasLeaseFile(join(directory, name))).sort();
  } catch {
    return []; // Whoever reads the lease file says why.
  }
}
