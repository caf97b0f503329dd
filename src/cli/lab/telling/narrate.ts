import { styleText } from 'node:util';
import { padTo, widthOf, wrapTo } from '../../output/text-width.ts';
import type { LabEvent, ShownNode } from './lab-event.ts';
import { heldTable, promiseTable, rowTable } from './lab-tables.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;
type EventOf<Kind extends LabEvent['kind']> = Extract<LabEvent, { kind: Kind }>;

/** Where a wrapped line continues: behind time and name, if the terminal is as wide as `WIDE`. */
const INDENT = ' '.repeat(26);
/** Columns. */
const WIDE = 66;
const NARROW_INDENT = ' '.repeat(4);
/** The column in which the program of a machine is shown. */
const ROLE = 42;
/** Rows of a lease file that are shown at once. */
const MOST_ROWS = 12;
/** Events whose lines are wrapped. A command or a link is not: it is there to be copied, and the terminal wraps it. */
const HAPPENS: ReadonlySet<LabEvent['kind']> = new Set([
  'decision',
  'gateway',
  'lease',
  'order',
  'progress',
  'outcome',
  'end',
] as const);

/** Tells an event to a person: one or more lines, with their line ends, of at most so many columns. */
export function narrate(event: LabEvent, hasColour: boolean, columns = Infinity): string {
  const paint: Paint = hasColour ? (style, text) => styleText(style, text) : (_style, text) => text;
  const told = lines(event, paint, { hasColour, columns });
  const indent = columns < WIDE || event.kind === 'end' ? NARROW_INDENT : INDENT;
  const wrapped = HAPPENS.has(event.kind) ? told.flatMap((line) => wrapTo(columns, line, indent)) : told;
  return `${wrapped.join('\n')}\n`;
}

interface Terminal {
  readonly hasColour: boolean;
  readonly columns: number;
}

function lines(event: LabEvent, paint: Paint, terminal: Terminal): readonly string[] {
  const { columns } = terminal;
  switch (event.kind) {
    case 'segment':
      return segment(event, paint, terminal);
    case 'missing':
      return [
        ...beside(
          columns,
          `  ${paint('yellow', `not installed here: ${event.clients.join(', ')}`)}`,
          paint('dim', event.install),
        ),
        '',
      ];
    case 'decision':
      return [
        row(event.at, event.node, 'dim', paint) +
          paint('dim', `${event.message.padEnd(13)} ${event.guest.padEnd(9)} `) +
          event.reason.replaceAll('-', ' ') +
          (event.address === undefined ? '' : paint('dim', `  ${event.address}`)),
      ];
    case 'gateway':
      return [
        row(event.at, event.node, 'dim', paint) +
          paint(/^(warn|error|fatal)$/.test(event.level) ? 'yellow' : 'dim', event.text) +
          paint('dim', fieldsText(event.fields)),
      ];
    case 'lease':
      return [lease(event, paint)];
    case 'rows':
      return rows(event, paint, terminal);
    case 'running':
      return [
        ...event.enter.flatMap(({ machine, command }) => {
          const what = `  a shell on ${machine}`;
          return beside(columns, paint('dim', what), paint('dim', command));
        }),
        '',
      ];
    case 'page':
      return event.link === undefined
        ? ['  there is no page']
        : [...beside(columns, '  the page', paint('bold', event.link)), ''];
    case 'help':
      return help(event, paint, terminal);
    case 'order':
      return [
        '',
        `${row(event.at, 'order', 'cyan', paint)}${paint('bold', `${event.title}:`)} ${event.expected}`,
      ];
    case 'progress':
      return [`${row(event.at, '', 'dim', paint)}${paint('dim', event.text)}`];
    case 'outcome':
      return [outcome(event, paint)];
    case 'promises':
      return [
        '',
        `  ${paint('bold', 'What was promised')}`,
        '',
        ...promiseTable(event.promises, terminal),
        '',
      ];
    case 'end':
      return ['', end(event, paint), ''];
  }
}

/** Says what something is, and then has it to be copied: on the same line, or below where the terminal is too narrow. */
function beside(columns: number, what: string, copied: string): readonly string[] {
  const line = `${what}  ${copied}`;
  return widthOf(line) <= columns ? [line] : [...wrapTo(columns, what, NARROW_INDENT), copied];
}

function segment(event: EventOf<'segment'>, paint: Paint, { columns }: Terminal): readonly string[] {
  const { nodes, members } = event;
  const between = event.joining === 'vxlan' ? 'VXLAN' : 'a bridge, as this kernel has no VXLAN';
  const store = members === 0 ? 'the gateways hear each other' : `leases in etcd, ${members} members`;
  const about = `nodes joined by ${between}; ${store}; all in namespaces of their own: nothing of this machine is touched`;
  return [
    '',
    ...wrapTo(columns, `  ${paint('bold', 'vps-gateway lab')}  ${about}`, '  '),
    '',
    ...nodes.flatMap((node, index) =>
      machinesOf(node, index === 0 ? event.router : undefined, paint, columns),
    ),
    '',
  ];
}

function machinesOf(
  node: ShownNode,
  router: string | undefined,
  paint: Paint,
  columns: number,
): readonly string[] {
  const machines = [
    ...(router === undefined ? [] : [['router', router, '']]),
    ['gateway', node.address, 'vps-gateway serve'],
    ...node.guests.map(({ name, hardware, client }) => [name, hardware, client]),
  ];
  return machines.map(([name = '', address = '', role = ''], index) => {
    const isLast = index === machines.length - 1;
    const corner = index === 0 ? (isLast ? '───' : '─┬─') : isLast ? ' └─' : ' ├─';
    const label = (index === 0 ? node.name : '').padEnd(8);
    const machine = `  ${label}${paint('dim', corner)} ${paint('bold', name.padEnd(9))}${address}`;
    const line = `${padTo(ROLE, machine)}${paint('dim', role)}`;
    return role === '' || widthOf(line) > columns ? machine : line;
  });
}

function lease(event: EventOf<'lease'>, paint: Paint): string {
  const told = `from ${event.from}  for ${duration(event.leaseSeconds)}`;
  const more = `router ${event.router}  DNS ${event.dns.replaceAll(' ', ', ')}  says ${event.client}`;
  const verb = event.isNew ? 'has' : 'keeps';
  const what = `${paint('green', `${verb} ${paint('bold', event.address)}`)}  ${told}`;
  return `${row(event.at, event.guest, 'green', paint)}${what}  ${paint('dim', more)}`;
}

function rows(event: EventOf<'rows'>, paint: Paint, terminal: Terminal): readonly string[] {
  const shown = event.rows.slice(0, MOST_ROWS);
  const left = event.rows.length - shown.length;
  const others = event.others === 0 ? [] : [`    and ${event.others} guests without names`];
  return [
    '',
    ...heldTable(event.leases, terminal),
    ...others,
    '',
    ...beside(
      terminal.columns,
      `  ${paint('bold', 'leases.sqlite')}`,
      paint('dim', `sqlite3 ${event.file} 'SELECT * FROM leases'`),
    ),
    '',
    ...(shown.length === 0 ? ['    no rows yet'] : rowTable(shown, terminal)),
    ...(left > 0 ? [`    and ${left} more`] : []),
    '',
  ];
}

function help(event: EventOf<'help'>, paint: Paint, { columns }: Terminal): readonly string[] {
  const keys = [
    ...event.orders.map(({ key, title, hindrance }) => [key, title, hindrance] as const),
    ['w', 'another link to the web page, as each lets in one browser', undefined] as const,
    ['Enter', 'who has which address', undefined] as const,
    ['?', 'this list', undefined] as const,
    ['q', 'end the lab; nothing is left behind', undefined] as const,
  ];
  return [
    ...keys.flatMap(([key, title, hindrance]) => {
      const why = hindrance === undefined ? '' : paint('dim', `  (not here: ${hindrance})`);
      return wrapTo(columns, `  ${paint('bold', key.padEnd(5))}  ${title}${why}`, ' '.repeat(9));
    }),
    '',
  ];
}

function outcome(event: EventOf<'outcome'>, paint: Paint): string {
  const word = event.kept ? paint('green', 'kept') : paint('red', 'broken');
  return `${row(event.at, 'did', event.kept ? 'green' : 'red', paint)}${word}  ${event.seen}`;
}

function end(event: EventOf<'end'>, paint: Paint): string {
  if (event.without.length === 0) {
    return `  ${paint('green', `${event.leased} guests, ${event.leased} leases`)}`;
  }
  const where = 'what the gateways decided about them stands above';
  return `  ${paint('red', `without a lease: ${event.without.join(', ')}`)}  ${paint('dim', where)}`;
}

/** Short fields alone; the log has the others. */
function fieldsText(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([key, value]) => `  ${key} ${value}`);
  return parts.filter((part) => part.length < 60).join('');
}

function row(at: number, name: string, style: Style, paint: Paint): string {
  const clock = new Date(at).toISOString().slice(11, 23);
  return `  ${paint('dim', clock)}  ${paint(style, name.padEnd(9))} `;
}

/** 7200 is 2 h. */
export function duration(seconds: number): string {
  if (seconds === 0xffffffff) return 'ever';
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
