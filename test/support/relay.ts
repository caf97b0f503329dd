import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a TCP port that can be lost as a network loses it: both ends stay open, and nothing comes through. */
export class Relay {
  readonly endpoint: string;
  /** How many connections were begun. */
  begun = 0;
  /** How many of them the client has ended. */
  ended = 0;
  /** What is begun from now on is silent from its first byte. */
  isSilent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: string) {
    this.#server = server;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.endpoint = `127.0.0.1:${address.port}`;
    server.on('connection', (client) => this.#relay(client, target));
  }

  static async to(target: string): Promise<Relay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server, target);
  }

  /** Nothing comes through on the connections that there are, for ever. */
  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe();
    for (const socket of this.#sockets) socket.resume(); // Its end is heard, and what it says is dropped.
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(client: Socket, target: string): void {
    this.begun += 1;
    const [host = '', port = ''] = target.split(':');
    const member = connect(Number(port), host);
    for (const socket of [client, member]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.on('close', () => {
      this.ended += 1;
      member.destroy();
    });
    member.on('close', () => client.destroy());
    if (this.isSilent) client.resume();
    else client.pipe(member).pipe(client);
  }
}
