import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiSecret } from '../gateway/secrets.ts';

/** Tells which of the secrets is shown; undefined: none of them. The time that it takes tells nothing. */
export function recognizer(secrets: readonly ApiSecret[]): (shown: string) => ApiSecret | undefined {
  const known = secrets.map((secret) => ({ secret, digest: digestOf(secret.secret) }));
  return (shown) => {
    const digest = digestOf(shown);
    let found: ApiSecret | undefined;
    // All are compared.
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.secret;
    return found;
  };
}

/** Of one length, whatever the secret's is. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
