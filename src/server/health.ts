import { existsSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ClockStatus } from '../detection/clock-status.ts';
import type { Log } from '../log/log.ts';
import type { Status } from '../reporting/status.ts';

/** The socket's name in the leases directory. */
export const HEALTH_SOCKET = 'health.sock';
/** How much of an answer is read. */
const ANSWER_LIMIT = 1 << 20;
/** How much of a request is read. */
const REQUEST_LIMIT = 256;
/** Connections that are open at once; beyond them one is closed unanswered. */
const CONNECTION_LIMIT = 64;
/** A connection on which nothing happens is closed after so long: milliseconds. */
const ASKER_PATIENCE = 5000;
/** A client that sends nothing for this long gets the status: milliseconds. */
const REQUEST_PATIENCE = 250;
/** Only the owner may connect (unix(7): that takes the right to write). */
const OTHERS = 0o177;
/** How often it is seen whether the socket still stands under its name: milliseconds. */
const LOOK = 1000;

const CANNOT_BE_ASKED = 'health cannot be asked';

/** The server that the questions are about. */
export interface Asked {
  readonly status: Status;
  readonly clock: ClockStatus | undefined;
  trustClock(): ClockStatus | undefined;
  /** False: another process may have the leases directory. */
  readonly isStoring: boolean;
}

/** What can be asked, each in one line, and what the answer is, as JSON. */
const REQUESTS = {
  status: (asked: Asked) => asked.status,
  clock: (asked: Asked) => asked.clock ?? null,
  'clock trust': (asked: Asked) => asked.trustClock() ?? null,
} as const;

type Request = keyof typeof REQUESTS;
type Answer<Name extends Request> = ReturnType<(typeof REQUESTS)[Name]>;

/** A Unix socket that takes one line and answers with one line of JSON: the server's own word on how it is. */
export class HealthEndpoint {
  readonly #path: string;
  readonly #asked: Asked;
  readonly #server: Server;
  readonly #log: Log;
  readonly #open = new Set<Socket>();
  /** Of the socket's file. */
  #inode = 0;
  #looking: NodeJS.Timeout | undefined;
  readonly #prepare: () => Promise<void>;

  /** @param prepare Finds out, in a bounded time, what a status shall say. */
  constructor(path: string, asked: Asked, log: Log, prepare: () => Promise<void> = async () => {}) {
    this.#prepare = prepare;
    this.#path = path;
    this.#log = log;
    this.#asked = asked;
    // Who has said all that it has to say still waits for the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#hear(socket));
    this.#server.maxConnections = CONNECTION_LIMIT;
    this.#server.on('error', (error) => log.warn({ err: error, path }, CANNOT_BE_ASKED));
  }

  /** A socket that an earlier process left is replaced; so is one that takes its place later. */
  async open(): Promise<void> {
    try {
      rmSync(this.#path, { force: true });
      await new Promise<void>((resolve) => {
        this.#server.once('error', () => resolve());
        this.#listen(resolve);
      });
    } catch (error) {
      const remedy = 'move away what stands there; it is tried again each second';
      this.#log.warn({ err: error, path: this.#path, remedy }, CANNOT_BE_ASKED);
    }
    this.#looking = setInterval(() => this.#look(), LOOK).unref();
  }

  /** Waits for nobody who is connected. */
  close(): Promise<void> {
    clearInterval(this.#looking);
    return new Promise((resolve) => {
      if (!this.#server.listening) {
        resolve();
        return;
      }
      this.#server.close(() => resolve());
      for (const socket of this.#open) socket.destroy();
    });
  }

  #listen(done: () => void): void {
    const mask = process.umask(OTHERS);
    this.#server.listen(this.#path, done); // The socket is made before this returns.
    process.umask(mask);
    this.#inode = statSync(this.#path, { throwIfNoEntry: false })?.ino ?? 0;
  }

  /** The directory may have been deleted, renamed or put back from a copy. Another process's socket stays. */
  #look(): void {
    try {
      const found = statSync(this.#path, { throwIfNoEntry: false });
      if (found?.ino === this.#inode || (found !== undefined && !this.#asked.isStoring)) return;
      if (!existsSync(dirname(this.#path))) return;
      this.#server.close(); // Deletes what stands under the name.
      rmSync(this.#path, { force: true });
      this.#listen(() => {});
    } catch {
      // It cannot be made now: it is looked at again.
    }
  }

  #hear(socket: Socket): void {
    let text = '';
    let isAsked = false;
    const answer = () => {
      if (isAsked) return;
      isAsked = true;
      void this.#answer(socket, text.split('\n', 1)[0]?.trim() || 'status');
    };
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8');
    socket.setTimeout(REQUEST_PATIENCE, answer);
    socket.on('data', (part: string) => {
      text = `${text}${part}`.slice(0, REQUEST_LIMIT);
      if (text.includes('\n')) answer();
    });
    socket.on('end', answer);
  }

  async #answer(socket: Socket, request: string): Promise<void> {
    socket.setTimeout(ASKER_PATIENCE, () => socket.destroy());
    if (request === 'status') await this.#prepare();
    if (!socket.destroyed) socket.end(`${JSON.stringify(this.#answerTo(request))}\n`);
  }

  #answerTo(request: string): unknown {
    const name = (Object.keys(REQUESTS) as Request[]).find((known) => known === request);
    return name === undefined ? { unknown: request } : REQUESTS[name](this.#asked);
  }
}

/** What the server on that socket says; throws if nobody answers in time. */
export function askHealth(path: string, milliseconds: number): Promise<Status> {
  return ask(path, 'status', milliseconds);
}

/** Null: it is starting or ending. Throws if nobody answers in time. */
export function askClock(
  path: string,
  request: 'clock' | 'clock trust',
  milliseconds: number,
): Promise<ClockStatus | null> {
  return ask(path, request, milliseconds);
}

function ask<Name extends Request>(path: string, request: Name, milliseconds: number): Promise<Answer<Name>> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(path);
    socket.setEncoding('utf8');
    socket.setTimeout(milliseconds, () => socket.destroy(new Error(`no answer on ${path}`)));
    socket.on('connect', () => socket.write(`${request}\n`));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > ANSWER_LIMIT) socket.destroy(new Error(`too long an answer on ${path}`));
    });
    socket.on('error', (error) => {
      if (!text.endsWith('\n')) reject(error); // One that answered before it was asked may have gone by now.
    });
    socket.on('close', () => {
      try {
        resolve(JSON.parse(text) as Answer<Name>);
      } catch (error) {
        reject(error);
      }
    });
  });
}
