import { type CallCode, CallError } from '../../platform/call-error.ts';
import { MalformedMessage } from '../../platform/message-type.ts';
import { GatewayStandsStill } from '../gateway/remote-gateway.ts';
import { ApiProblem } from '../http/problem.ts';

const CODES: Readonly<Record<number, CallCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'failed_precondition',
  412: 'aborted',
  422: 'invalid_argument',
  429: 'resource_exhausted',
  503: 'unavailable',
};
/** Where the word of a problem says more than its status. */
const BY_WORD: Readonly<Record<string, CallCode>> = {
  held: 'already_exists',
  'pool-full': 'resource_exhausted',
  'changed-meanwhile': 'aborted',
};

/** What a call is answered with when it fails; undefined: a mistake of this program. */
export function callErrorOf(error: unknown): CallError | undefined {
  if (error instanceof CallError) return error;
  if (error instanceof ApiProblem) return errorOfProblem(error);
  if (error instanceof MalformedMessage)
    return new CallError('invalid_argument', `the message is malformed: ${error.message}`);
  if (error instanceof GatewayStandsStill)
    return new CallError(
      'unavailable',
      'the thread that serves guests does not answer: see to the disk and the CPU of the node',
    );
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new CallError('deadline_exceeded', 'it took too long: send it again, or ask for less at once');
  if (error instanceof DOMException && error.name === 'AbortError')
    return new CallError('canceled', 'the caller has gone');
  return undefined;
}

function errorOfProblem({ parts }: ApiProblem): CallError {
  const { status, word, detail, errors = [] } = parts;
  const faults = errors.map((fault) => `${fault.pointer.replace(/^\//, '')} ${fault.detail}`.trim());
  const code = BY_WORD[word] ?? CODES[status] ?? 'internal';
  return new CallError(code, [detail, ...faults].join('; '));
}
