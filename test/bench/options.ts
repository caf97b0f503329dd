import { parseArgs } from 'node:util';

export const SECTIONS = [
  'peers',
  'ceiling',
  'growth',
  'micro',
  'arp',
  'defaults',
  'start',
  'profile',
  'cluster',
  'cluster-profile',
  'attacks',
  'guards',
  'management',
  'page',
] as const;
export type SectionName = (typeof SECTIONS)[number];
/** Measured only if they are asked for. */
const EXTRA: readonly SectionName[] = [
  'arp',
  'start',
  'profile',
  'cluster',
  'cluster-profile',
  'attacks',
  'guards',
  'management',
  'page',
];

export interface BenchOptions {
  readonly sections: readonly SectionName[];
  /** One repeat, short ones, and fewer configurations: four minutes. */
  readonly quick: boolean;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly repeats: number;
  /** A regular expression: only attacks whose "name: server" it finds. */
  readonly match: string | undefined;
  readonly json: string;
  readonly markdown: string;
}

export const USAGE = `npm run bench -- [--cluster | --only ${SECTIONS.join('|')}] [--quick] [--seconds N] [--match TEXT] [--json FILE] [--markdown FILE]`;

/** Throws a TypeError for what is not in USAGE. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cluster: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      match: { type: 'string' },
      json: { type: 'string', default: '.bench/results.json' },
      markdown: { type: 'string', default: '.bench/results.md' },
    },
  });
  const named = values.only?.flatMap((list) => list.split(',')) ?? [];
  const asked = values.cluster ? [...named, 'cluster'] : named;
  const sections = SECTIONS.filter((section) =>
    asked.length === 0 ? !EXTRA.includes(section) : asked.includes(section),
  );
  const unknown = asked.find((name) => !SECTIONS.some((section) => section === name));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: there is no such part`);
  const seconds = Number(values.seconds ?? (values.quick ? 1 : 2));
  // perfdhcp takes whole seconds.
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60) {
    throw new TypeError(`--seconds ${values.seconds}: not a whole number from 1 to 60`);
  }
  const { quick, match, json, markdown } = values;
  return { sections, quick, seconds, repeats: quick ? 1 : 3, match, json, markdown };
}
