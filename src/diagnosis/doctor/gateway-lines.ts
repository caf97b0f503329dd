import type { RunningProblem } from '../running-problem.ts';
import { type DoctorLine, good, unknown } from './doctor-line.ts';

/** What the running gateway says of itself; undefined: none answers, and `cause` says why. */
export function gatewayLines(
  problems: readonly RunningProblem[] | undefined,
  shortcomings: readonly string[],
  cause: string,
): readonly DoctorLine[] {
  if (problems === undefined)
    return [
      unknown(
        'gateway',
        `no gateway answers here: ${cause}`,
        'systemctl status vps-gateway; journalctl -u vps-gateway -n 50',
      ),
    ];
  return [
    ...(problems.length === 0
      ? [good('gateway', 'the running gateway has no problem')]
      : problems.map(lineOf)),
    ...shortcomings.map(
      (message): DoctorLine => ({
        check: 'gateway',
        level: 'warning',
        message,
        command: 'vps-gateway health',
      }),
    ),
  ];
}

function lineOf({ name, message, remedy, stopsNewGuests }: RunningProblem): DoctorLine {
  const why = stopsNewGuests ? 'a new guest gets no address' : 'the running gateway says so';
  return {
    check: `gateway-${name}`,
    level: stopsNewGuests ? 'bad' : 'warning',
    message,
    why,
    command: remedy || 'vps-gateway health',
  };
}
