import { type ErrorCode, GatewayError } from '../../errors.ts';
import { readable } from '../../wire/readable-text.ts';

/** RFC 9457, as the API answers it. */
export interface ProblemDetails {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** What of an answer is as RFC 9457 has it. */
export function problemFrom(answer: object): ProblemDetails {
  const { type, title, status, detail, errors } = answer as Readonly<Record<string, unknown>>;
  const faults = Array.isArray(errors) ? errors : [];
  return {
    ...(typeof type === 'string' && { type }),
    ...(typeof title === 'string' && { title }),
    ...(typeof status === 'number' && { status }),
    ...(typeof detail === 'string' && { detail }),
    errors: faults.map((fault) => ({
      pointer: String(fault?.pointer ?? ''),
      detail: String(fault?.detail ?? ''),
    })),
  };
}

/** What to type next, by the last part of a problem's type. */
export type Remedies = Readonly<Record<string, string | ((problem: ProblemDetails) => string)>>;

/** What an error of HTTP is to a command. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-settings',
  403: 'no-gateway',
  404: 'not-found',
  405: 'no-gateway',
  429: 'no-gateway',
  500: 'broken',
  503: 'no-gateway',
};

const REMEDY = 'to mend it: ';
const HEALTH = '`vps-gateway health` says what is wrong';

const REMEDIES: Remedies = {
  'bad-request': '--help of the command shows what there is',
  broken: 'report it with what the log says',
  busy: 'wait some seconds',
  'cannot-store': HEALTH,
  'changed-meanwhile': 'order it again',
  'lease-file': HEALTH,
  'no-such-segment': 'name one of them: --segment <name>',
  'segment-needed': 'name one of them: --segment <name>',
  'no-such-method': 'the gateway is of another version: ask with the version that runs',
  'outcome-unknown': 'look whether it is done, and order it again if it is not',
  'stands-still': HEALTH,
  stopped: 'wait some seconds; `vps-gateway health` says whether it runs',
  'too-busy': 'wait some seconds',
  'took-too-long': 'ask for less at once',
};

/** A refusal of the API as an error of a command: what it is, each fault of the request, and what to do. */
export class ApiRefusal extends GatewayError {
  /** The last part of the problem's type. */
  readonly word: string;

  constructor(code: ErrorCode, word: string, message: string, cause?: unknown) {
    super(code, message, cause);
    this.word = word;
  }

  /** In one line, without what to do. */
  get summary(): string {
    const lines = this.message.split('\n').filter((line) => !line.startsWith(REMEDY));
    return lines.map((line) => line.trim()).join('; ');
  }
}

export function refusalOf(problem: ProblemDetails, isOrder: boolean, remedies: Remedies = {}): ApiRefusal {
  const { status = 500, title = 'the gateway refuses', detail = title, errors = [] } = problem;
  const word = problem.type?.split(':').at(-1) ?? '';
  const known = remedies[word] ?? REMEDIES[word];
  const remedy = typeof known === 'function' ? known(problem) : known;
  const code = errorCodeOf(word, status, isOrder);
  const untouched = isOrder && status >= 500 && code !== 'outcome-unknown' ? '; nothing was changed' : '';
  const lines = [
    `${readable(detail)}${untouched}`,
    ...errors
      .map((fault) => `  ${fault.pointer === '' ? '' : `${fault.pointer}: `}${fault.detail}`)
      .map(readable),
    ...(remedy === undefined ? [] : [`${REMEDY}${remedy}`]),
  ];
  return new ApiRefusal(code, word, lines.join('\n'));
}

/** A mistake of the program may have come after what was ordered was done. */
function errorCodeOf(word: string, status: number, isOrder: boolean): ErrorCode {
  if (word === 'outcome-unknown' || (isOrder && status === 500)) return 'outcome-unknown';
  return CODES[status] ?? 'refused';
}
