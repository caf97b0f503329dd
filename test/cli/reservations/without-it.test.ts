import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GatewayApi } from '../../../src/cli/api/gateway-api.ts';
import { withoutIt } from '../../../src/cli/reservations/reservation-order.ts';
import { API_SOCKET } from '../../../src/management/listen/unix-listener.ts';

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

test('all other gateways are named to which a reservation must be ordered too, whichever way each is known, and those that are gone', async () => {
  const other = (
    last: number,
    state: string,
    selected: number | null = null,
    asked: number | null = null,
  ) => ({
    address: `10.15.3.${last}`,
    ...{ state, selected_seconds: selected, arp_seconds: 5, arp_asked_seconds: asked },
  });
  const api = await telling({
    peers: ['10.15.3.11'],
    other_gateways: [
      other(11, 'there', 700, 40),
      other(12, 'there'),
      other(13, 'away', 700),
      other(14, 'stopped', null, 200),
      other(15, 'unknown', 700),
      other(16, 'away'),
    ],
  });

  expect(await withoutIt(api)).toEqual([
    'at this gateway only: order the same, with this address, at 10.15.3.11, 10.15.3.12, 10.15.3.13 (gone now), 10.15.3.14 (gone now), 10.15.3.15 too',
  ]);
});

test('where no other gateway is known, nothing is said', async () => {
  const api = await telling({ peers: [], other_gateways: [] });

  expect(await withoutIt(api)).toEqual([]);
});
