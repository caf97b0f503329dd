import { chmodSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Say } from '../../log/say.ts';
import { CONNECTION_LIMIT } from './http-server.ts';
import { API_SOCKET, MAKING_PREFIX, removeMakingDirectories, removeMakingDirectory } from './socket-file.ts';

/** Only its owner may connect: unix(7) requires the right to write. */
const OWNER_ONLY = 0o600;
/** How often the socket's file is looked for: milliseconds. */
const LOOK = 2000;

/** Opens a Unix socket in the leases directory, and makes it again if its file is lost. */
export class UnixListener {
  readonly #make: () => Server;
  readonly #directory: string;
  readonly #path: string;
  readonly #say: Say;
  readonly #mayReplace: () => Promise<boolean>;
  #server: Server | undefined;
  /** The directory in which a socket is being made. */
  #making: string | undefined;
  #inode = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;
  #isClosed = false;

  /** @param mayReplace False: another process may use the directory, and its socket is left alone. */
  constructor(make: () => Server, directory: string, say: Say, mayReplace: () => Promise<boolean>) {
    this.#make = make;
    this.#directory = directory;
    this.#path = join(directory, API_SOCKET);
    this.#say = say;
    this.#mayReplace = mayReplace;
  }

  /** Replaces what an earlier process has left. */
  async open(): Promise<void> {
    try {
      removeMakingDirectories(this.#directory); // A process that was killed may have left one.
    } catch {
      // The next step says what is wrong with the directory.
    }
    await this.#bind();
    this.#timer = setInterval(() => void this.#look(), LOOK).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#server?.close();
    this.#server?.closeAllConnections();
    if (this.#isInPlace()) rmSync(this.#path, { force: true });
    if (this.#making !== undefined) removeMakingDirectory(this.#making); // Its thread ends before the socket is ready.
  }

  async #look(): Promise<void> {
    try {
      if (this.#isInPlace() || !(await this.#mayReplace()) || this.#isClosed) return;
      await this.#bind();
    } catch {
      // Nobody answers now: the next look tries again.
    }
  }

  async #bind(): Promise<void> {
    let made: string | undefined;
    try {
      made = mkdtempSync(join(this.#directory, MAKING_PREFIX));
      this.#making = made;
      const server = this.#make();
      const path = join(made, API_SOCKET);
      await listening(server, path);
      if (this.#isClosed) {
        server.close();
        return;
      }
      chmodSync(path, OWNER_ONLY);
      renameSync(path, this.#path);
      this.#inode = statSync(this.#path).ino;
      this.#server?.close();
      this.#server = server;
      this.#hasFailed = false;
    } catch (error) {
      this.#failed(error);
    } finally {
      if (made !== undefined) removeMakingDirectory(made);
      this.#making = undefined;
    }
  }

  #isInPlace(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const cause = error instanceof Error ? error.message : String(error);
    const remedy = 'see to the leases directory; it is tried again every two seconds';
    this.#say('warn', { path: this.#path, cause, remedy }, 'the socket of the API cannot be made');
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, CONNECTION_LIMIT, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
