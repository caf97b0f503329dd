import { levelOf, type RunningProblem, worstFirst } from '../running-problem.ts';
import { asTyped } from '../sentence.ts';
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
    ...(problems.every((problem) => levelOf(problem) === 'note')
      ? [good('gateway', 'the running gateway has no problem')]
      : []),
    ...worstFirst(problems).map(lineOf),
    ...shortcomings.map(
      (message): DoctorLine => ({
        check: 'gateway-shortcoming',
        level: 'warning',
        message,
        command: 'vps-gateway health',
      }),
    ),
  ];
}

const LEVELS = { problem: 'bad', warning: 'warning', note: 'note' } as const;
const WHY = {
  problem: 'a new guest gets no address',
  warning: 'the running gateway says so',
  note: 'nothing is wrong; it is as the gateways are set',
} as const;

function lineOf(problem: RunningProblem): DoctorLine {
  const { name, message, remedy } = problem;
  const level = levelOf(problem);
  return {
    check: `gateway-${name}`,
    level: LEVELS[level],
    message,
    why: WHY[level],
    command: asTyped(remedy) || 'vps-gateway health',
  };
}
