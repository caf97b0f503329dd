import { existsSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ClockStatus } from '../../detection/clock-status.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { Log } from '../../log/log.ts';
import { statusFrom } from '../../reporting/read-status.ts';
import type { SegmentsStatus } from '../../reporting/segments-status.ts';
import type { Status } from '../../reporting/status.ts';

/** The socket's name in the leases directory. */
export const HEALTH_SOCKET = 'health.sock';
/** The longest answer that is read: characters. */
const ANSWER_LIMIT = 1 << 22;
/** The longest request that is read: characters. */
const REQUEST_LIMIT = 256;
/** Connections that may be open at once; further ones are closed without an answer. */
const CONNECTION_LIMIT = 64;
/** An idle connection is closed after this time: milliseconds. */
const IDLE_TIME = 5000;
/** A client that sends nothing for this long gets the status: milliseconds. */
const REQUEST_TIME = 250;
/** Only the owner may connect: unix(7) requires the right to write. */
const OTHERS = 0o177;
/** How often the socket's file is checked: milliseconds. */
const CHECK_INTERVAL = 4000;

const CANNOT_BE_ASKED = 'health cannot be asked';

/** The server that the requests are about. */
export interface HealthSource {
  readonly status: Status | SegmentsStatus;
  readonly clock: ClockStatus | undefined;
  trustClock(by?: OrderedBy): ClockStatus | undefined;
  /** False: another process may use the leases directory. */
  readonly isStoring: boolean;
}

/** Who orders and why, behind a request: `clock trust by cli:alice: NTP was wrong`. */
const BY = /^(clock trust) by ([\w.@:-]{0,63}[\w.@-])(?:: ([\x20-\x7e\xa0-\xff]{1,160}))?$/;

/** The requests, each one line, and their answers, which are sent as JSON. */
const REQUESTS = {
  status: (asked: HealthSource) => asked.status,
  clock: (asked: HealthSource) => asked.clock ?? null,
  'clock trust': (asked: HealthSource, by?: OrderedBy) => asked.trustClock(by) ?? null,
} as const;

type Request = keyof typeof REQUESTS;
type Answer<Name extends Request> = ReturnType<(typeof REQUESTS)[Name]>;

/** A Unix socket that reads a request of one line and answers with one line of JSON. */
export class HealthEndpoint {
  readonly #path: string;
  readonly #source: HealthSource;
  readonly #server: Server;
  readonly #log: Log;
  readonly #open = new Set<Socket>();
  /** The inode of the socket's file. */
  #inode = 0;
  #checking: NodeJS.Timeout | undefined;
  readonly #prepare: () => Promise<void>;

  /** @param prepare Runs before each status, for a bounded time; it finds out what only an attempt shows. */
  constructor(path: string, asked: HealthSource, log: Log, prepare: () => Promise<void> = async () => {}) {
    this.#prepare = prepare;
    this.#path = path;
    this.#log = log;
    this.#source = asked;
    // A client that has ended its side still waits for the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#receive(socket));
    this.#server.maxConnections = CONNECTION_LIMIT;
    this.#server.on('error', (error) => log.warn({ err: error, path }, CANNOT_BE_ASKED));
  }

  /** Replaces a socket that an earlier process left. If the file is replaced or deleted later, makes it again. */
  async open(): Promise<void> {
    try {
      rmSync(this.#path, { force: true });
      await new Promise<void>((resolve) => {
        this.#server.once('error', () => resolve());
        this.#listen(resolve);
      });
    } catch (error) {
      const remedy = 'move away what stands there; it is tried again every few seconds';
      this.#log.warn({ err: error, path: this.#path, remedy }, CANNOT_BE_ASKED);
    }
    this.#checking = setInterval(() => this.#checkSocket(), CHECK_INTERVAL).unref();
  }

  /** Closes all connections without waiting for them. */
  close(): Promise<void> {
    clearInterval(this.#checking);
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
    this.#server.listen(this.#path, done); // The socket exists before this returns.
    process.umask(mask);
    this.#inode = statSync(this.#path, { throwIfNoEntry: false })?.ino ?? 0;
  }

  /** The directory may have been deleted, renamed or restored from a copy. A socket of another process is left alone. */
  #checkSocket(): void {
    try {
      const found = statSync(this.#path, { throwIfNoEntry: false });
      if (found?.ino === this.#inode || (found !== undefined && !this.#source.isStoring)) return;
      if (!existsSync(dirname(this.#path))) return;
      this.#server.close(); // Deletes the file of this name.
      rmSync(this.#path, { force: true });
      this.#listen(() => {});
    } catch {
      // It cannot be made now: the next check tries again.
    }
  }

  #receive(socket: Socket): void {
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
    socket.setTimeout(REQUEST_TIME, answer);
    socket.on('data', (part: string) => {
      text = `${text}${part}`.slice(0, REQUEST_LIMIT);
      if (text.includes('\n')) answer();
    });
    socket.on('end', answer);
  }

  async #answer(socket: Socket, request: string): Promise<void> {
    socket.setTimeout(IDLE_TIME, () => socket.destroy());
    if (request === 'status') await this.#prepare();
    if (!socket.destroyed) socket.end(`${JSON.stringify(this.#answerTo(request))}\n`);
  }

  #answerTo(request: string): unknown {
    const [, ordered, author, note] = BY.exec(request) ?? [];
    const by = author === undefined ? undefined : { author, ...(note !== undefined && { note }) };
    const name = (Object.keys(REQUESTS) as Request[]).find((known) => known === (ordered ?? request));
    return name === undefined ? { unknown: request } : REQUESTS[name](this.#source, by);
  }
}

/** Of a process without a list of segments. @throws Error if no server answers in time, or with what is no status. */
export async function askHealth(path: string, milliseconds: number): Promise<Status> {
  return (await askHealthOfAll(path, milliseconds)) as Status;
}

/** @throws Error if no server answers in time; SyntaxError if what it answers is no status. */
export async function askHealthOfAll(path: string, milliseconds: number): Promise<Status | SegmentsStatus> {
  return statusFrom(await ask(path, 'status', milliseconds));
}

/**
 * Null: the server is starting or stopping.
 *
 * @param by Who orders it and why, for log and history.
 * @throws Error if no server answers in time.
 */
export function askClock(
  path: string,
  request: 'clock' | 'clock trust',
  milliseconds: number,
  by?: OrderedBy,
): Promise<ClockStatus | null> {
  return ask(path, request, milliseconds, by);
}

function ask<Name extends Request>(
  path: string,
  request: Name,
  milliseconds: number,
  by?: OrderedBy,
): Promise<Answer<Name>> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(path);
    socket.setEncoding('utf8');
    // Of the whole answer: one that comes in drops, and never ends, is none.
    const limit = setTimeout(() => socket.destroy(new Error(`no answer on ${path}`)), milliseconds);
    const { author, note } = by ?? {};
    const who = author === undefined ? '' : ` by ${author}${note === undefined ? '' : `: ${note}`}`;
    socket.on('connect', () => socket.write(`${request}${who}\n`));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > ANSWER_LIMIT) socket.destroy(new Error(`too long an answer on ${path}`));
    });
    socket.on('error', (error) => {
      if (!text.endsWith('\n')) reject(error); // A server that has answered may have closed the connection.
    });
    socket.on('close', () => {
      clearTimeout(limit);
      try {
        resolve(JSON.parse(text) as Answer<Name>);
      } catch (error) {
        reject(error);
      }
    });
  });
}
