import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Log } from './log.ts';
import type { Status } from './status.ts';

/** The socket's name in the leases directory. */
export const HEALTH_SOCKET = 'health.sock';
/** How much of an answer is read. */
const ANSWER_LIMIT = 1 << 20;
/** Connections that are open at once; beyond them one is closed unanswered. */
const CONNECTION_LIMIT = 64;
/** A connection on which nothing happens is closed after so long: milliseconds. */
const ASKER_PATIENCE = 5000;

/** A Unix socket that answers whoever connects with one line of JSON: the server's own word on how it is. */
export class HealthEndpoint {
  readonly #path: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(path: string, status: () => Status, log: Log) {
    this.#path = path;
    this.#server = createServer((socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setTimeout(ASKER_PATIENCE, () => socket.destroy());
      socket.end(`${JSON.stringify(status())}\n`);
    });
    this.#server.maxConnections = CONNECTION_LIMIT;
    this.#server.on('error', (error) => log.warn({ err: error, path }, 'health cannot be asked'));
  }

  /** A socket that an earlier process left is replaced. */
  open(): Promise<void> {
    rmSync(this.#path, { force: true });
    return new Promise((resolve) => {
      this.#server.once('error', () => resolve());
      this.#server.listen(this.#path, () => resolve());
    });
  }

  /** Waits for nobody who is connected. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#server.listening) {
        resolve();
        return;
      }
      this.#server.close(() => resolve());
      for (const socket of this.#open) socket.destroy();
    });
  }
}

/** What the server on that socket says; throws if nobody answers in time. */
export function askHealth(path: string, milliseconds: number): Promise<Status> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(path);
    socket.setEncoding('utf8');
    socket.setTimeout(milliseconds, () => socket.destroy(new Error(`no answer on ${path}`)));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > ANSWER_LIMIT) socket.destroy(new Error(`too long an answer on ${path}`));
    });
    socket.on('error', reject);
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text) as Status);
      } catch (error) {
        reject(error);
      }
    });
  });
}
