import type { Say } from '../../log/say.ts';
import { CallError } from '../../platform/call-error.ts';
import { type ApiSecret, UNNAMED } from '../gateway/secrets.ts';
import { recognizer } from '../http/recognize-secret.ts';
import { WrongSecrets } from '../http/wrong-secrets.ts';
import { READS } from './unary-calls.ts';

const MINUTE = 60_000;
/** Lines about refused calls in a minute. */
const MOST_LINES = 10;

/** Says who may call what, by the secrets of the API. */
export class PlatformAdmission {
  readonly #recognize: (shown: string) => ApiSecret | undefined;
  readonly #say: Say;
  readonly #wrong = new WrongSecrets();
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(secrets: readonly ApiSecret[], say: Say) {
    this.#recognize = recognizer(secrets);
    this.#say = say;
  }

  /** The author of a call, for the history. @throws CallError for who may not make it. */
  authorOf(shown: string | undefined, method: string, remote: string): string {
    if (shown === undefined) throw this.#refusal('unauthenticated', WANTED, method, remote);
    const found = this.#recognize(shown);
    if (found === undefined) {
      const [code, words] = this.#wrong.isTooOften(remote) ? TOO_OFTEN : NOT_THAT;
      throw this.#refusal(code, words, method, remote);
    }
    if (!found.mayWrite && !READS.has(method))
      throw this.#refusal(
        'permission_denied',
        `the secret ${found.name} is for reading only`,
        method,
        remote,
      );
    return found.name === UNNAMED ? 'platform' : `platform:${found.name}`.slice(0, 63);
  }

  #refusal(code: CallError['code'], words: string, method: string, remote: string): CallError {
    this.#tell({ remote, method: method.slice(0, 64), code });
    return new CallError(code, words);
  }

  #tell(fields: object): void {
    const now = performance.now();
    if (now - this.#since >= MINUTE) {
      this.#since = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > MOST_LINES) return;
    const isLast = this.#lines === MOST_LINES;
    const remedy =
      "the platform's VPS_GATEWAY_API_SECRET is to be a secret of this gateway (GATEWAY_API_SECRET)";
    this.#say(
      'warn',
      { ...fields, remedy, ...(isLast && { more: 'further ones of this minute are only counted' }) },
      'a call of the platform is refused',
    );
  }
}

const WANTED = 'x-api-secret is missing: send the secret of this gateway (GATEWAY_API_SECRET)';
const NOT_THAT = ['unauthenticated', 'x-api-secret is not the secret of this gateway'] as const;
const TOO_OFTEN = [
  'resource_exhausted',
  'too many wrong secrets came from this address; the right one is taken at any time',
] as const;
