import type { Server } from 'node:net';
import type { Say } from '../../log/say.ts';
import { CONNECTION_LIMIT } from './http-server.ts';

/** Time between two attempts, and from one line about it to the next: milliseconds. */
const RETRY = 2000;
const REMINDER = 300_000;

/** A port, and how it is spoken of. */
export interface ListenerParts {
  readonly server: Server;
  readonly closeAll: () => void;
  readonly address: string;
  readonly port: number;
  readonly say: Say;
  /** What is served there. */
  readonly what: string;
  /** The settings that say where. */
  readonly variables: { readonly port: string; readonly address: string };
  /** Told when the port cannot be opened, and why; undefined: it is open. */
  readonly changed?: (failure: ListenFailure | undefined) => void;
}

export interface ListenFailure {
  /** As the operating system names it: EADDRINUSE. */
  readonly cause: string;
  readonly remedy: string;
}

/** Opens a port, and tries again while it is taken or its address is missing: nothing else waits for it. */
export class TcpListener {
  readonly #parts: ListenerParts;
  #timer: NodeJS.Timeout | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    const { server, address, port, say, what } = parts;
    server.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    server.on('listening', () => {
      this.#saidAt = Number.NEGATIVE_INFINITY;
      say('info', { address, port }, `${what} served`);
      parts.changed?.(undefined);
    });
  }

  open(): void {
    const { server, port, address } = this.#parts;
    if (this.#isClosed || server.listening) return;
    server.listen(port, address, CONNECTION_LIMIT);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#parts.server.close();
    this.#parts.closeAll();
  }

  #failed({ code = 'unknown error' }: NodeJS.ErrnoException): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.open(), RETRY);
    const { say, address, port, what } = this.#parts;
    const remedy = this.#remedyFor(code);
    this.#parts.changed?.({ cause: code, remedy });
    const now = performance.now();
    if (now - this.#saidAt < REMINDER) return;
    this.#saidAt = now;
    const words = what.replace(/ (is|are)$/, '');
    const message = `${words} cannot be served yet; it is tried again, and guests are served`;
    say('warn', { address, port, cause: code, remedy }, message);
  }

  #remedyFor(code: string): string {
    const { port, address } = this.#parts.variables;
    if (code === 'EADDRINUSE') return `end what has the port (ss -ltnp), or set another one (${port})`;
    if (code === 'EADDRNOTAVAIL') return `give this node that address, or set another one (${address})`;
    return code === 'EACCES' ? `set a port of 1024 or above (${port})` : '';
  }
}
