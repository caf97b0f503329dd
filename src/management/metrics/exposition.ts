/** A sample: its labels beside those of all, and its value. */
export type MetricSample = readonly [labels: Readonly<Record<string, string>>, value: number];

export interface Family {
  /** Without the prefix of all. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Of a histogram: its buckets' ends with their counts. */
  readonly samples: readonly MetricSample[];
  readonly histogram?: {
    readonly ends: readonly number[];
    readonly counts: readonly number[];
    readonly sum: number;
  };
}

/** Undefined: it is not known, and left out. */
export function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'gauge', help, samples: value === undefined ? [] : [[{}, value]] };
}

const PREFIX = 'vps_gateway_';

/** The text format of Prometheus, version 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Families with the labels that all of their samples have. */
export interface Labelled {
  readonly families: readonly Family[];
  readonly common: Readonly<Record<string, string>>;
}

/** Metrics of one or of several segments: a family has one heading, and below it the samples of all of them. */
export function exposition(groups: readonly Labelled[]): string {
  const byName = new Map<string, { readonly family: Family; readonly lines: string[] }>();
  for (const { families, common } of groups)
    for (const family of families) {
      if (family.samples.length === 0 && family.histogram === undefined) continue;
      const known = byName.get(family.name) ?? { family, lines: [] };
      byName.set(family.name, known);
      known.lines.push(...linesOf(family, common));
    }
  return [...byName.values()].map(({ family, lines }) => familyText(family, lines)).join('');
}

function familyText({ name, type, help }: Family, lines: readonly string[]): string {
  const full = PREFIX + name;
  return [`# HELP ${full} ${escaped(help)}`, `# TYPE ${full} ${type}`, ...lines, ''].join('\n');
}

function linesOf(
  { name, samples, histogram }: Family,
  common: Readonly<Record<string, string>>,
): readonly string[] {
  const full = PREFIX + name;
  const lines: string[] = [];
  for (const [labels, value] of samples) lines.push(line(full, { ...common, ...labels }, value));
  if (histogram !== undefined) {
    const { ends, counts, sum } = histogram;
    const all = counts.at(-1) ?? 0;
    for (const [index, end] of ends.entries())
      lines.push(line(`${full}_bucket`, { ...common, le: String(end) }, counts[index] ?? 0));
    lines.push(line(`${full}_bucket`, { ...common, le: '+Inf' }, all));
    lines.push(line(`${full}_sum`, common, sum), line(`${full}_count`, common, all));
  }
  return lines;
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const texts = Object.entries(labels).map(
    ([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`,
  );
  return `${name}${texts.length === 0 ? '' : `{${texts.join(',')}}`} ${numberText(value)}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
