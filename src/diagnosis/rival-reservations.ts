import type { Rivalry } from '../lease/reservation/reservation-view.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { RunningProblem } from './running-problem.ts';

/** How many pairs a problem names. */
const MOST_SHOWN = 3;

/** Undefined: no guest has two reservations. */
export function rivalProblem(rivalries: readonly Rivalry[]): RunningProblem | undefined {
  const [first] = rivalries;
  if (first === undefined) return undefined;
  const shown = rivalries.slice(0, MOST_SHOWN).map(rivalrySentence).join('; ');
  const more = rivalries.length > MOST_SHOWN ? `; and ${rivalries.length - MOST_SHOWN} more` : '';
  return {
    name: 'rival-reservations',
    message: `one guest has two reservations: ${shown}${more}`,
    remedy: `keep one of each two: remove the one that does not count (\`vps-gateway reservations remove ${first.other.id}\`), or the other one, and it counts`,
    stopsNewGuests: false,
  };
}

function rivalrySentence({ counts, other, what }: Rivalry): string {
  return `${what} is of ${counts.id} (${ipv4ToText(counts.address)}), which was made first and counts, and of ${other.id} (${ipv4ToText(other.address)}), which does not`;
}
