import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GatewayApi } from '../../../src/cli/api/gateway-api.ts';
import { withoutIt } from '../../../src/cli/reservations/reservation-order.ts';
import { API_SOCKET } from '../../../src/management/listen/socket-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'without-it-'));
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(join(directory, API_SOCKET), { force: true });
});

/** A gateway whose `/info` is this. */
async function telling(info: object): Promise<GatewayApi> {
  server = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(info));
  });
  await new Promise<void>((resolve) => server?.listen(join(directory, API_SOCKET), resolve));
  return new GatewayApi(directory);
}

const gateway = (last: number, state: string) => ({ ...machine(last, state), is_gateway: true });
const machine = (last: number, state: string) => ({
  address: `10.15.3.${last}`,
  ...{ state, is_gateway: false, selected_seconds: null, arp_seconds: 5, arp_asked_seconds: null },
});

test('all other gateways are named to which a reservation must be ordered too, those that are gone, and machines that may be gateways', async () => {
  const api = await telling({
    peers: ['10.15.3.11'],
    other_gateways: [
      gateway(11, 'there'),
      machine(12, 'there'),
      gateway(13, 'away'),
      gateway(14, 'stopped'),
      gateway(15, 'unknown'),
      machine(16, 'away'),
    ],
  });

  expect(await withoutIt(api)).toEqual([
    'at this gateway only: order the same, with this address, at 10.15.3.11, 10.15.3.13 (gone now), 10.15.3.14 (gone now), 10.15.3.15 too',
    '10.15.3.12 answers ARP: if a gateway runs there, order the same, with this address, there too',
  ]);
});

test('a machine that has asked by ARP for this gateway, and is none as far as is known, is not said to be one', async () => {
  const api = await telling({ other_gateways: [{ ...machine(11, 'there'), arp_asked_seconds: 3 }] });

  expect(await withoutIt(api)).toEqual([
    '10.15.3.11 answers ARP: if a gateway runs there, order the same, with this address, there too',
  ]);
});

test('where no other gateway is known, nothing is said', async () => {
  const api = await telling({ peers: [], other_gateways: [] });

  expect(await withoutIt(api)).toEqual([]);
});
