/** The codes of Connect's protocol (https://connectrpc.com), and the HTTP status of each for a unary call. */
export const CALL_CODES = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
} as const;
export type CallCode = keyof typeof CALL_CODES;

/** Why a call is not answered as it was meant; its message says what to do. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: CallCode;

  constructor(code: CallCode, message: string) {
    super(message);
    this.code = code;
  }

  /** As JSON has it, in the body of an answer or at the end of a stream. */
  get json(): { readonly code: CallCode; readonly message: string } {
    return { code: this.code, message: this.message };
  }
}
