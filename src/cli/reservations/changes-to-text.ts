import type { MemberChange } from '../../lease/reservation/reservation-changes.ts';

/** What was changed, from what to what: `hostname: web -> db`; '': nothing, or a gateway of an earlier version does not tell. */
export function changesToText(changes: readonly MemberChange[] | undefined): string {
  return (changes ?? [])
    .map(({ member, from, to }) => `${memberToText(member)}: ${valueToText(from)} -> ${valueToText(to)}`)
    .join('; ');
}

/** `labels.node`, and `labels."of the node"`: the name of a label may be any text. */
function memberToText(member: string): string {
  const [field = '', ...name] = member.split('.');
  return name.length === 0 ? field : `${field}.${plainOrQuoted(name.join('.'), /^[^\s;:"]+$/)}`;
}

function valueToText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (Array.isArray(value)) return value.map(String).join(', ');
  // A text with spaces or of none ends where its mark does.
  return typeof value === 'string' && value !== 'none'
    ? plainOrQuoted(value, /^[^\s;"]+$/)
    : JSON.stringify(value);
}

function plainOrQuoted(text: string, plain: RegExp): string {
  return plain.test(text) ? text : JSON.stringify(text);
}
