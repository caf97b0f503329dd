import { styleText } from 'node:util';
import { wrapTo } from '../output/text-width.ts';
import type { LabEvent } from './lab-event.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Under what stands beside time and name. */
const INDENT = ' '.repeat(26);

/** Tells an event to a person: one or more lines, with their line ends, of at most so many columns. */
export function narrate(event: LabEvent, hasColour: boolean, columns = Infinity): string {
  const paint: Paint = hasColour ? (style, text) => styleText(style, text) : (_style, text) => text;
  const told = lines(event, paint);
  // Only what happens: a command is not parted, for it is there to be copied.
  const isRow = event.kind === 'decision' || event.kind === 'gateway' || event.kind === 'lease';
  return `${(isRow ? told.flatMap((line) => wrapTo(columns, line, INDENT)) : told).join('\n')}\n`;
}

function lines(event: LabEvent, paint: Paint): readonly string[] {
  switch (event.kind) {
    case 'segment':
      return segment(event, paint);
    case 'missing':
      return [
        `  ${paint('yellow', `not installed here: ${event.clients.join(', ')}`)}  ${paint('dim', event.install)}`,
        '',
      ];
    case 'decision':
      return [
        row(event.at, 'gateway', 'dim', paint) +
          paint('dim', `${event.message.padEnd(13)} ${event.guest.padEnd(9)} `) +
          event.reason.replaceAll('-', ' ') +
          (event.address === undefined ? '' : paint('dim', `  ${event.address}`)),
      ];
    case 'gateway':
      return [
        row(event.at, 'gateway', 'dim', paint) +
          paint(/^(warn|error|fatal)$/.test(event.level) ? 'yellow' : 'dim', event.text) +
          paint('dim', fieldsText(event.fields)),
      ];
    case 'lease':
      return [lease(event, paint)];
    case 'rows':
      return table(event, paint);
    case 'running':
      return [
        '  Enter shows the rows again, Ctrl-C ends the lab and leaves nothing behind.',
        ...event.enter.map((command) => paint('dim', `    ${command}`)),
        '',
      ];
    case 'end':
      return [end(event, paint)];
  }
}

function segment(event: Extract<LabEvent, { kind: 'segment' }>, paint: Paint): readonly string[] {
  const machines = [
    ['router', event.router, ''],
    ['gateway', event.gateway, 'vps-gateway serve'],
    ...event.guests.map((guest) => [guest.name, guest.hardware, guest.client]),
  ];
  const drawn = machines.map(([name = '', address = '', role = ''], index) => {
    const corner =
      index === 0 ? '  bridge ─┬─' : index === machines.length - 1 ? '          └─' : '          ├─';
    return `${paint('dim', corner)} ${paint('bold', name.padEnd(9))}${address.padEnd(19)}${paint('dim', role)}`.trimEnd();
  });
  return [
    '',
    `  ${paint('bold', 'vps-gateway lab')}  ${paint('dim', 'a segment in namespaces of its own; nothing of this machine is touched')}`,
    '',
    ...drawn,
    '',
  ];
}

function lease(event: Extract<LabEvent, { kind: 'lease' }>, paint: Paint): string {
  const told = `router ${event.router}  DNS ${event.dns.replaceAll(' ', ', ')}  for ${duration(event.leaseSeconds)}`;
  const verb = event.isNew ? 'has' : 'keeps';
  return (
    row(event.at, event.guest, 'green', paint) +
    paint('green', `${verb} ${paint('bold', event.address)}`) +
    `  ${told}  ${paint('dim', `says ${event.client}`)}`
  );
}

function table(event: Extract<LabEvent, { kind: 'rows' }>, paint: Paint): readonly string[] {
  const names = Object.keys(event.rows[0] ?? {});
  const widths = names.map((name) =>
    Math.max(...[name, ...event.rows.map((each) => text(each[name]))].map(size)),
  );
  const line = (cells: readonly string[]) =>
    `    ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd();
  return [
    '',
    `  ${paint('bold', 'leases.sqlite')}  ${paint('dim', `sqlite3 ${event.file} 'SELECT * FROM leases'`)}`,
    '',
    names.length === 0 ? '    no rows yet' : paint('dim', line(names)),
    ...event.rows.map((each) => line(names.map((name) => text(each[name])))),
    '',
  ];
}

function end(event: Extract<LabEvent, { kind: 'end' }>, paint: Paint): string {
  if (event.without.length === 0) {
    return `\n  ${paint('green', `${event.leased} guests, ${event.leased} leases`)}\n`;
  }
  const where = 'what the gateway decided about them stands above';
  return `\n  ${paint('red', `without a lease: ${event.without.join(', ')}`)}  ${paint('dim', where)}\n`;
}

/** In a few words; what is longer stays in the log. */
function fieldsText(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([key, value]) => `  ${key} ${value}`);
  return parts.filter((part) => part.length < 60).join('');
}

function row(at: number, name: string, style: Style, paint: Paint): string {
  const clock = new Date(at).toISOString().slice(11, 23);
  return `  ${paint('dim', clock)}  ${paint(style, name.padEnd(9))} `;
}

function text(value: string | null | undefined): string {
  return value ?? '';
}

function size(value: string): number {
  return value.length;
}

/** 7200 is 2 h. */
export function duration(seconds: number): string {
  if (seconds === 0xffffffff) return 'ever';
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
