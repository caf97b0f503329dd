import { userInfo } from 'node:os';

/** What a name may have in a header field; the API takes no other. */
const ODD = /[^A-Za-z0-9._@-]/g;
const MOST = 56;

/**
 * Who types a command, as the history names it: `cli:alice`. Behind sudo that is who called it.
 *
 * @param environment Only root's tells of sudo.
 */
export function authorOfCommand(
  environment: { readonly SUDO_USER?: string | undefined } = process.env,
): string {
  const uid = process.getuid?.() ?? 0;
  const behind = uid === 0 ? environment.SUDO_USER : undefined;
  return `cli:${(behind || nameOf(uid)).replace(ODD, '_').slice(0, MOST)}`;
}

/** A container may have no entry for its user. */
function nameOf(uid: number): string {
  try {
    return userInfo().username || `uid-${uid}`;
  } catch {
    return `uid-${uid}`;
  }
}
