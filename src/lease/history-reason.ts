import type { OrderedBy } from './lease-view.ts';

/** A text of the journal has room for so many characters, of Latin-1. */
const MOST = 255;

/** Why a change was made, as the history keeps it: the reason, and who ordered it with what note: `word by author: note`. */
export function historyReason({
  reason,
  by,
}: {
  readonly reason: string;
  readonly by?: OrderedBy | undefined;
}): string {
  if (by === undefined) return reason;
  const note = by.note === undefined ? '' : `: ${by.note}`;
  return `${reason} by ${by.author}${note}`.replace(/[^\x20-\x7e\xa0-\xff]/g, '?').slice(0, MOST);
}
