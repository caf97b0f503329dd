import { type ErrorCode, GatewayError } from '../../errors.ts';

/** RFC 9457, as the API answers it. */
export interface ProblemDetails {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** What an error of HTTP is to a command. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-settings',
  403: 'no-gateway',
  404: 'not-found',
  405: 'no-gateway',
  409: 'refused',
  412: 'refused',
  413: 'refused',
  422: 'refused',
  429: 'no-gateway',
  500: 'broken',
  503: 'no-gateway',
};

/** What to type next, by the problem's word. A detail that names a command or a remedy needs no other. */
const REMEDIES: Readonly<Record<string, string>> = {
  'too-busy': 'order it again in some seconds',
  'took-too-long': 'ask for less at once',
  'stands-still': '`vps-gateway health` says what is wrong',
  'lease-file': '`vps-gateway health` says what is wrong; `vps-gateway leases` reads the journal too',
  'no-such-method': 'the gateway is of another version: ask with the version that runs',
  broken: 'please report what the log says',
};

/** A refusal of the API as an error of a command: what it is, each fault of the request, what to do. */
export function refusalOf(problem: ProblemDetails, isOrder: boolean): GatewayError {
  const { status = 500, title = 'the gateway refuses', detail = title, errors = [] } = problem;
  const word = problem.type?.split(':').at(-1) ?? '';
  const isUnknown = word === 'outcome-unknown';
  const untouched =
    isOrder && !isUnknown && status < 500 ? '' : isOrder && !isUnknown ? '; nothing was changed' : '';
  const remedy = REMEDIES[word];
  const lines = [
    `${detail}${untouched}`,
    ...errors.map((fault) => `  ${fault.pointer === '' ? '' : `${fault.pointer}: `}${fault.detail}`),
    ...(remedy === undefined ? [] : [`to mend it: ${remedy}`]),
  ];
  return new GatewayError(isUnknown ? 'outcome-unknown' : (CODES[status] ?? 'refused'), lines.join('\n'));
}
