import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { GatewayError } from '../../errors.ts';
import { connectTo, forward, type PageGateway } from './page-forward.ts';
import { PagePass } from './page-pass.ts';
import { refusePage } from './page-refusal.ts';

const LOOPBACK = '127.0.0.1';
const NAMES = [LOOPBACK, 'localhost', '[::1]'];
/** A browser holds six for pages, and each tab one for events. */
const MOST_CONNECTIONS = 256;

/**
 * The pages of a lab's gateways at a TCP port of this machine: /node-1/ is that of node-1, and / that of the first gateway that
 * runs, for as long as it does. The gateways are reached by their Unix sockets, over which everything may be changed. So a
 * request must come from a browser that has used the printed link, and must name this machine itself.
 */
export class PagePort {
  readonly port: number;
  readonly #gateways: readonly PageGateway[];
  readonly #server: Server;
  readonly #pass: PagePass;
  /** Whose page is at /. */
  #first: PageGateway | undefined;

  private constructor(gateways: readonly PageGateway[], server: Server) {
    this.#gateways = gateways;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#pass = new PagePass(this.port);
    server.on('request', (asked, answer) => void this.#answer(asked, answer));
  }

  /**
   * @param gateways They need not run yet.
   * @param port 0: whichever is free.
   * @throws GatewayError lab-unavailable: the port is taken, or not allowed.
   */
  static async open(gateways: readonly PageGateway[], port = 0): Promise<PagePort> {
    const server = createServer();
    server.maxConnections = MOST_CONNECTIONS;
    server.listen(port, LOOPBACK);
    try {
      await once(server, 'listening');
    } catch (error) {
      const cause = error instanceof Error && 'code' in error ? error.code : String(error);
      const remedy = 'take another one, or none: then one that is free is taken';
      throw new GatewayError('lab-unavailable', `port ${port} cannot be opened (${cause}): ${remedy}`);
    }
    return new PagePort(gateways, server);
  }

  /** A link that lets in one browser, once. An earlier one that was not used is void. */
  newLink(): string {
    return `http://${LOOPBACK}:${this.port}/?token=${this.#pass.newToken()}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { host = '', origin, cookie } = asked.headers;
    const { url: target = '' } = asked;
    if (!this.#isOwn(host)) return refusePage(answer, 'foreignName');
    if (origin !== undefined && origin !== `http://${host}`) return refusePage(answer, 'foreignPage');
    if (!target.startsWith('/')) return refusePage(answer, 'noPath');
    const { path, query, token } = readTarget(target);
    const isKnown = this.#pass.isKnown(cookie);
    const given = isKnown || !mayUseToken(asked) ? undefined : this.#pass.exchange(token ?? '');
    if (given !== undefined) return redirect(answer, `${path}${query}`, { 'set-cookie': given });
    if (!isKnown) return refusePage(answer, token === undefined ? 'linkWanted' : 'linkUsed');
    if (token !== undefined && asked.method === 'GET') return redirect(answer, `${path}${query}`);
    return await this.#passOn(asked, answer, path, query);
  }

  /** RFC 9110 §7.2. Against DNS rebinding: if another page's name leads to this machine, `Host` has that name. */
  #isOwn(host: string): boolean {
    return NAMES.some((name) => host.toLowerCase() === `${name}:${this.port}`);
  }

  async #passOn(asked: IncomingMessage, answer: ServerResponse, path: string, query: string): Promise<void> {
    const [, name, rest] = /^\/([^/]+)(.*)$/.exec(path) ?? [];
    const named = this.#gateways.find((gateway) => gateway.name === name);
    // What the page names is relative to it, so its address ends with a slash.
    if (named !== undefined && rest === '') return redirect(answer, `${path}/${query}`);
    const socket = named === undefined ? await this.#toFirst() : await connectTo(named);
    if (socket === undefined) return refusePage(answer, 'noGateway');
    forward(asked, answer, `${named === undefined ? path : rest}${query}`, socket);
  }

  /** The same one as long as it runs: a page that asked two gateways would mix what they say. */
  async #toFirst(): Promise<Socket | undefined> {
    const others = this.#gateways.filter((gateway) => gateway !== this.#first);
    for (const gateway of this.#first === undefined ? others : [this.#first, ...others]) {
      const socket = await connectTo(gateway);
      if (socket === undefined) continue;
      this.#first = gateway;
      return socket;
    }
    return undefined;
  }
}

/** A browser that loads a link in advance, or a program that previews it, does not use the token up. */
function mayUseToken({ method, headers }: IncomingMessage): boolean {
  const purpose = [headers['sec-purpose'], headers['purpose'], headers['x-purpose']].join(' ');
  return method === 'GET' && !/prefetch|preview/i.test(purpose);
}

interface Target {
  readonly path: string;
  /** With its question mark, and without the token. */
  readonly query: string;
  readonly token: string | undefined;
}

function readTarget(target: string): Target {
  const url = new URL(`http://${LOOPBACK}${target}`);
  const token = url.searchParams.get('token') ?? undefined;
  if (token !== undefined) url.searchParams.delete('token');
  // Two slashes at the beginning would name another machine.
  return { path: url.pathname.replace(/^\/+/, '/'), query: url.search, token };
}

function redirect(answer: ServerResponse, location: string, headers: OutgoingHttpHeaders = {}): void {
  answer.writeHead(303, {
    location,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    ...headers,
  });
  answer.end();
}
