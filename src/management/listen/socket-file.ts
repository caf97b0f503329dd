import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The socket's name in the leases directory. */
export const API_SOCKET = 'api.sock';
/**
 * How the name begins of a directory in which a socket is made. Only this user may enter it, so that nobody connects before the
 * socket's mode is set.
 */
export const MAKING_PREFIX = '.api-';

/**
 * Removes what a listener has left that was ended before it could close. A process that uses the directory by now makes its
 * socket again.
 *
 * @throws Error of the file system.
 */
export function removeLeftSocket(directory: string): void {
  rmSync(join(directory, API_SOCKET), { force: true });
  removeMakingDirectories(directory);
}

/**
 * Removes the directories in which listeners that have ended were making a socket.
 *
 * @throws Error of the file system.
 */
export function removeMakingDirectories(directory: string): void {
  for (const name of readdirSync(directory))
    if (name.startsWith(MAKING_PREFIX)) removeMakingDirectory(join(directory, name));
}

/** Removes a directory in which a socket was being made, if it can be removed. */
export function removeMakingDirectory(directory: string): void {
  try {
    rmSync(join(directory, API_SOCKET), { force: true });
    rmdirSync(directory);
  } catch {
    // What is left of it is harmless.
  }
}
