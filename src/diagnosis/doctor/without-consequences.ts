import type { DoctorLine } from './doctor-line.ts';

/** A line that follows from another one, if that is bad or a warning: it says nothing that mends more. */
const CONSEQUENCES: Readonly<Record<string, { readonly of: string; readonly why: string }>> = {
  'gateway-unheard': {
    of: 'firewall',
    why: 'the running gateway receives nothing of what comes to the interface',
  },
  'gateway-gateway-gone': {
    of: 'other-gateways',
    why: 'the running gateway misses one too: vps-gateway health names it, and says since when',
  },
};

/** A capability that is missing has a line of its own, and so has each thing that the running gateway cannot do without it. */
function followsFromCapability({ check, message }: DoctorLine, lines: readonly DoctorLine[]): boolean {
  const [, name] = /the capability ([A-Z_]+)/.exec(message) ?? [];
  if (check !== 'gateway-shortcoming' || name === undefined) return false;
  return lines.some((line) => line.check === 'capabilities' && line.message.endsWith(` ${name}`));
}

/** One cause, one line: what follows from it stands there as a reason. */
export function withoutConsequences(lines: readonly DoctorLine[]): readonly DoctorLine[] {
  const isWrong = ({ level }: DoctorLine) => level === 'bad' || level === 'warning';
  const isCause = (check: string) => lines.some((line) => line.check === check && isWrong(line));
  const follows = lines
    .map(({ check }) => CONSEQUENCES[check])
    .filter((found) => found !== undefined)
    .filter(({ of }) => isCause(of));
  return lines
    .filter((line) => !isCause(CONSEQUENCES[line.check]?.of ?? '') && !followsFromCapability(line, lines))
    .map((line) => {
      if (!isWrong(line)) return line;
      const more = follows.filter(({ of }) => of === line.check).map(({ why }) => why);
      return more.length === 0 ? line : { ...line, why: [line.why, ...more].join('; ') };
    });
}
