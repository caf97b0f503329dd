/**
 * good: as it should be. note: it may be so, and what it means is said. warning: guests get addresses, and something is not
 * as it should be. bad: they get none, or will get none soon. unknown: it could not be looked at, and why is said.
 */
export type DoctorLevel = 'good' | 'note' | 'warning' | 'bad' | 'unknown';

/** What was looked at, and what came of it. */
export interface DoctorLine {
  /** A word by which programs know the check: `mtu`, `port-67`. */
  readonly check: string;
  readonly level: DoctorLevel;
  /** What was found; for `unknown`, why it could not be looked at. */
  readonly message: string;
  /** Why that matters; absent where the message says it. */
  readonly why?: string;
  /** What mends it, or shows more; absent for what is good. */
  readonly command?: string;
}

export function good(check: string, message: string): DoctorLine {
  return { check, level: 'good', message };
}

export function note(check: string, message: string, why: string, command: string): DoctorLine {
  return { check, level: 'note', message, why, command };
}

export function warning(check: string, message: string, why: string, command: string): DoctorLine {
  return { check, level: 'warning', message, why, command };
}

export function bad(check: string, message: string, why: string, command: string): DoctorLine {
  return { check, level: 'bad', message, why, command };
}

export function unknown(check: string, message: string, command: string): DoctorLine {
  return { check, level: 'unknown', message, command };
}

const STATUSES: Readonly<Record<DoctorLevel, number>> = { good: 0, note: 0, unknown: 0, warning: 1, bad: 2 };

/** The exit status: 2 if a line is bad, else 1 if one is a warning, else 0. */
export function statusOfLines(lines: readonly DoctorLine[]): number {
  return Math.max(0, ...lines.map(({ level }) => STATUSES[level]));
}
