import type { Verdict } from '../diagnosis/running-problem.ts';
import type { SegmentStatus, SegmentsStatus } from './segments-status.ts';
import type { Status } from './status.ts';

const VERDICTS: readonly unknown[] = ['served', 'not-served', 'pool-full'] satisfies Verdict[];

/** The lists of a status: of objects, and of sentences. */
const LISTS = ['problems', 'otherGateways', 'refusedClients', 'rogueServers', 'settings'] as const;
const SENTENCES = ['clusterPeers', 'shortcomings'] as const;
const PARTS = ['pool', 'reception', 'listenIp', 'interface', 'transport'] as const;

/**
 * The status that another process has sent. It may be of another version: what it does not tell is empty.
 *
 * @throws SyntaxError if it is none: whether a new guest would get an address is not in it.
 */
export function statusFrom(answer: unknown): Status | SegmentsStatus {
  if (!isObject(answer) || !VERDICTS.includes(answer['verdict'])) throw noStatus();
  const { segments } = answer;
  if (segments === undefined) return oneFrom(answer);
  if (!Array.isArray(segments)) throw noStatus();
  return { ...answer, segments: segments.map(segmentFrom) } as unknown as SegmentsStatus;
}

function segmentFrom(answer: unknown): SegmentStatus {
  if (!isObject(answer) || typeof answer['segment'] !== 'string') throw noStatus();
  if (!VERDICTS.includes(answer['verdict'])) throw noStatus();
  return oneFrom(answer) as SegmentStatus;
}

function oneFrom(answer: Readonly<Record<string, unknown>>): Status {
  const lists = LISTS.map((name) => [name, listOf(answer[name]).filter(isObject)]);
  const texts = SENTENCES.map((name) => [name, listOf(answer[name]).map(String)]);
  const parts = PARTS.map((name) => [name, answer[name] ?? null]);
  return { ...answer, ...Object.fromEntries([...lists, ...texts, ...parts]) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noStatus(): SyntaxError {
  return new SyntaxError('a status without a verdict');
}
