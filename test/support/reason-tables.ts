import type { ReasonKind, ReasonRow } from '../../src/engine/decision/reason-row.ts';
import { REASONS } from '../../src/engine/decision/reasons.ts';
import { DROPS, type DropRow } from '../../src/exchange/observer/drops.ts';
import { OCTETS_LIMIT, SERVED_LIMIT, UNSERVED_LIMIT } from '../../src/reporting/decision-lines.ts';

const KINDS: Readonly<Record<ReasonKind, readonly [heading: string, text: string]>> = {
  reply: ['Answered', 'The client got a DHCPOFFER, a DHCPACK or a BOOTP reply.'],
  refusal: [
    'Refused',
    'The client got a DHCPNAK and begins again; it has another address within a second or two. With GATEWAY_DHCP_AUTHORITATIVE=off a client that did not choose this gateway gets no answer instead: for `wrong-network` always, for `excluded`, `reserved-for-another` and `reserved-elsewhere` unless it has a lease of its address here.',
  ],
  change: ['Changed, without an answer', 'A lease or an offer has changed, and no answer was sent.'],
  wait: [
    'Waiting',
    'The message waits and is decided again, after half a second or so at the latest. These lines are at level `debug`.',
  ],
  silence: ['Not answered', 'The client got no answer, and no lease has changed.'],
};

const [served, unserved, all] = [SERVED_LIMIT, UNSERVED_LIMIT, OCTETS_LIMIT];

const LOG_LINES = `## Every reason word

Each decision has one reason word. It is the field \`reason\` of the log line and of \`vps-gateway leases history\`, and the
same words count in \`vps-gateway health --json\`. After the word of an operator's order the
history has its author and the note. \`vps-gateway reasons <word>\` prints what stands here.

The log has one line for each decision, as long as there are not too many. Of one reason it takes ${served.burst} lines at once, and ${served.perSecond} a second after that; of a reason that refuses or does not answer, ${unserved.burst} and ${unserved.perSecond}; of all together ${all.burst / 1000} kB, and ${all.perSecond / 1000} kB a second. Lines beyond that are left out and counted: \`repeated\` in a line says how many lines with its reason were left out before it. With \`LOG_LEVEL=debug\` nothing is left out.
`;

/** The chapters of docs/troubleshooting.md that the tables of the code say. */
export function reasonTables(): string {
  const rows = Object.entries<ReasonRow>(REASONS);
  const sections = Object.entries(KINDS).map(([kind, [heading, text]]) => {
    const some = rows.filter(([, row]) => row.kind === kind);
    return `### ${heading}\n\n${text}\n\n${tableOf('Reason', some)}`;
  });
  return [LOG_LINES, ...sections, dropsSection()].join('\n');
}

function dropsSection(): string {
  const text =
    'A message without a decision, or whose reply was not sent, is counted by its cause (`drops` in `vps-gateway health --json`). Messages that are faulty themselves, and those that are too many, make one line a minute, `datagrams dropped`.';
  return `### Dropped\n\n${text}\n\n${tableOf('Cause', Object.entries<DropRow>(DROPS))}`;
}

function tableOf(heading: string, rows: readonly (readonly [string, ReasonRow | DropRow])[]): string {
  const lines = rows.map(([word, row]) => {
    const quiet = 'isOthers' in row ? ' (At `debug`.)' : '';
    return `| \`${word}\` | ${row.means}${quiet} | ${row.remedy ?? ''} |`;
  });
  return `| ${heading} | What happened | What you can do |\n|---|---|---|\n${lines.join('\n')}\n`;
}
