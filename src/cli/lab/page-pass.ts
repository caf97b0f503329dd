import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Of a token, and of what a cookie holds: octets. */
const STRENGTH = 32;
/** Browsers that may be let in at a time; a further one takes the place of the first. */
const MOST_BROWSERS = 16;

/** Who may see the page: a link with a token that works once, and then the cookie of the browser that has used it. */
export class PagePass {
  readonly #cookie: string;
  #token: Buffer | undefined;
  #browsers: readonly Buffer[] = [];

  /** @param port Cookies do not know ports (RFC 6265 §8.5): the name of this one has it. */
  constructor(port: number) {
    this.#cookie = `vps-gateway-lab-${port}`;
  }

  /** A new token; an earlier one that nobody has used is void. */
  newToken(): string {
    const token = newSecret();
    this.#token = digestOf(token);
    return token;
  }

  /** The cookie to set, if that is the token; it is used up then. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !timingSafeEqual(this.#token, digestOf(token))) return undefined;
    this.#token = undefined;
    const value = newSecret();
    this.#browsers = [...this.#browsers, digestOf(value)].slice(-MOST_BROWSERS);
    return `${this.#cookie}=${value}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether a browser with these cookies has used a token. The time that it takes tells nothing. */
  isKnown(cookies: string | undefined): boolean {
    let isKnown = false;
    for (const [name, value] of pairsOf(cookies)) {
      if (name !== this.#cookie) continue;
      const digest = digestOf(value);
      for (const browser of this.#browsers) if (timingSafeEqual(browser, digest)) isKnown = true;
    }
    return isKnown;
  }
}

function pairsOf(cookies = ''): readonly (readonly [string, string])[] {
  return cookies.split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const];
  });
}

function newSecret(): string {
  return randomBytes(STRENGTH).toString('base64url');
}

/** Of one length, whatever is shown. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
