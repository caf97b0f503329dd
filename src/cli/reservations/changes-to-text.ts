import type { MemberChange } from '../../lease/reservation/reservation-changes.ts';

/** What was changed, from what to what: `hostname: web -> db`; '': nothing, or a gateway of an earlier version does not tell. */
export function changesToText(changes: readonly MemberChange[] | undefined): string {
  return (changes ?? [])
    .map(({ member, from, to }) => `${member}: ${valueToText(from)} -> ${valueToText(to)}`)
    .join('; ');
}

function valueToText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (Array.isArray(value)) return value.map(String).join(', ');
  // A text with spaces or of none ends where its mark does.
  return typeof value === 'string' && /^[^\s;"]+$/.test(value) && value !== 'none'
    ? value
    : JSON.stringify(value);
}
