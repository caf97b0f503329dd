import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Say } from '../../log/say.ts';

/** Time between two attempts, and from one line about it to the next: milliseconds. */
const RETRY = 2000;
const REMINDER = 300_000;

/** Opens a port, and tries again while it is taken or its address is missing: nothing else waits for it. */
export class TcpListener {
  readonly #server: Server | SecureServer;
  readonly #address: string;
  readonly #port: number;
  readonly #say: Say;
  #timer: NodeJS.Timeout | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(server: Server | SecureServer, address: string, port: number, say: Say) {
    this.#server = server;
    this.#address = address;
    this.#port = port;
    this.#say = say;
    server.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    server.on('listening', () => {
      this.#saidAt = Number.NEGATIVE_INFINITY;
      say('info', { address, port }, 'metrics and API are served');
    });
  }

  open(): void {
    if (this.#isClosed || this.#server.listening) return;
    this.#server.listen(this.#port, this.#address);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #failed({ code = 'unknown error' }: NodeJS.ErrnoException): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.open(), RETRY);
    const now = performance.now();
    if (now - this.#saidAt < REMINDER) return;
    this.#saidAt = now;
    const fields = { address: this.#address, port: this.#port, cause: code, remedy: REMEDIES[code] ?? '' };
    this.#say(
      'warn',
      fields,
      'metrics and API cannot be served yet; it is tried again, and guests are served',
    );
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'end what has the port (ss -ltnp), or set another one (GATEWAY_METRICS_PORT)',
  EADDRNOTAVAIL: 'give this node that address, or set another one (GATEWAY_API_LISTEN)',
  EACCES: 'set a port of 1024 or above (GATEWAY_METRICS_PORT)',
};
