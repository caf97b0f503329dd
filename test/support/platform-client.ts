import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { PLATFORM_SERVICE, schemaOf } from './platform-service.ts';

/** Lies between a Unix socket of this machine and a TCP port of a namespace. */
const TUNNEL = `
  const net = require('node:net');
  const [path, port, host] = process.argv.slice(1);
  net.createServer((near) => {
    const far = net.connect(Number(port), host);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  }).listen(path, () => console.log('open'));
`;
let tunnels = 0;

/** A port in a namespace, as this process reaches it. */
export class Tunnel {
  readonly path: string;
  readonly #child: ReturnType<NamespaceHost['spawn']>;

  private constructor(path: string, child: ReturnType<NamespaceHost['spawn']>) {
    this.path = path;
    this.#child = child;
  }

  static async open(host: NamespaceHost, port: number, address = '127.0.0.1'): Promise<Tunnel> {
    tunnels += 1;
    const path = join(tmpdir(), `vps-gateway-tunnel-${process.pid}-${tunnels}.sock`);
    const child = host.spawn(process.execPath, ['-e', TUNNEL, path, String(port), address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout !== null) await once(child.stdout, 'data');
    return new Tunnel(path, child);
  }

  connect(): Socket {
    return connect(this.path);
  }

  close(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.path, { force: true });
  }
}

export type PlatformClient = Client<typeof PLATFORM_SERVICE>;

/** The transport that a client of the Connect library uses, to a port in a namespace. */
export function transportTo(tunnel: Tunnel, secret: string | undefined, useBinaryFormat = true) {
  return createConnectTransport({
    httpVersion: '2',
    baseUrl: 'http://gateway.test:1537',
    useBinaryFormat,
    nodeOptions: { createConnection: () => tunnel.connect() },
    interceptors: [
      (next) => (request) => {
        if (secret !== undefined) request.header.set('x-api-secret', secret);
        return next(request);
      },
    ],
  });
}

/** A client of the platform's service that the Connect library made. */
export function platformClient(tunnel: Tunnel, secret?: string, useBinaryFormat = true): PlatformClient {
  return createClient(PLATFORM_SERVICE, transportTo(tunnel, secret, useBinaryFormat));
}

/** A call by its name: the service is known at run time only, so its messages have no types. */
export async function call(
  client: PlatformClient,
  method: string,
  request: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const name = method.replace(/^./, (letter) => letter.toLowerCase());
  const run = client[name] as unknown as (message: object) => Promise<Readonly<Record<string, unknown>>>;
  return await run(messageOf(`${method}Request`, request));
}

export function messageOf(name: string, value: Readonly<Record<string, unknown>>) {
  const schema: DescMessage = schemaOf(name);
  return create(schema, value as MessageInitShape<typeof schema>);
}
