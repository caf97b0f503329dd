import type { DoctorLine } from './doctor-line.ts';

/** A line that follows from another one, if that is bad: it says nothing that mends more. */
const CONSEQUENCES: Readonly<Record<string, { readonly of: string; readonly why: string }>> = {
  'gateway-unheard': {
    of: 'firewall',
    why: 'the running gateway receives nothing of what comes to the interface',
  },
};

/** One cause, one line: what follows from it stands there as a reason. */
export function withoutConsequences(lines: readonly DoctorLine[]): readonly DoctorLine[] {
  const isBad = (check: string) => lines.some((line) => line.check === check && line.level === 'bad');
  const follows = lines
    .map(({ check }) => CONSEQUENCES[check])
    .filter((found) => found !== undefined)
    .filter(({ of }) => isBad(of));
  return lines
    .filter(({ check }) => !isBad(CONSEQUENCES[check]?.of ?? ''))
    .map((line) => {
      if (line.level !== 'bad') return line;
      const more = follows.filter(({ of }) => of === line.check).map(({ why }) => why);
      return more.length === 0 ? line : { ...line, why: [line.why, ...more].join('; ') };
    });
}
