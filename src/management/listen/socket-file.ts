import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The socket's name in the leases directory. */
export const API_SOCKET = 'api.sock';
/** It is made in a directory that only this user may enter, so that nobody connects before its mode is set. */
export const MAKING = '.api-';

/**
 * Removes what a listener has left that was ended before it could close. A process that uses the directory by now makes its
 * socket again.
 *
 * @throws Error of the file system.
 */
export function removeLeftSocket(directory: string): void {
  rmSync(join(directory, API_SOCKET), { force: true });
  removeHalfMade(directory);
}

/**
 * Removes the directories in which ended listeners were making a socket.
 *
 * @throws Error of the file system.
 */
export function removeHalfMade(directory: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith(MAKING)) removeMaking(join(directory, name));
}

/** Removes a directory in which a socket was being made. */
export function removeMaking(directory: string): void {
  try {
    rmSync(join(directory, API_SOCKET), { force: true });
    rmdirSync(directory);
  } catch {
    // It is empty, and harmless.
  }
}
