import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GatewayApi } from '../../../src/cli/api/gateway-api.ts';
import { recentDecisions } from '../../../src/cli/why/recent-decisions.ts';
import { API_SOCKET } from '../../../src/management/listen/socket-file.ts';

const MAC = '52:54:00:12:34:56';
const directory = mkdtempSync(join(tmpdir(), 'decisions-'));
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(join(directory, API_SOCKET), { force: true });
});

async function telling(tell: (answer: ServerResponse) => void): Promise<GatewayApi> {
  server = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    tell(answer);
  });
  await new Promise<void>((resolve) => server?.listen(join(directory, API_SOCKET), resolve));
  return new GatewayApi(directory);
}

function decision(at: Date, reason = 'offered-new'): string {
  const data = { at: at.toISOString(), reason, address: '10.15.3.20', type: 'DHCPDISCOVER' };
  return `id: 1-1\nevent: decision\ndata: ${JSON.stringify(data)}\n\n`;
}

test('of a guest that asks without a pause, what was decided until now is told, and no more is waited for', async () => {
  const api = await telling((answer) => {
    answer.write(decision(new Date(0)));
    const asking = setInterval(() => answer.write(decision(new Date())), 20);
    answer.once('close', () => clearInterval(asking));
  });

  const decisions = await recentDecisions(api, MAC);

  expect(decisions).toEqual([
    { at: '1970-01-01T00:00:00.000Z', reason: 'offered-new', address: '10.15.3.20', type: 'DHCPDISCOVER' },
  ]);
});

test.each<[string, (answer: ServerResponse) => void]>([
  ['is no JSON', (answer) => answer.write('event: decision\ndata: {\n\n')],
  ['says nothing', (answer) => answer.write('event: decision\ndata: null\n\n')],
  ['has no end', (answer) => answer.write('x'.repeat(2 << 20))],
  ['is broken off', (answer) => answer.write('event: deci', () => answer.destroy())],
])('an event that %s is said to be the gateway’s fault', async (_what, tell) => {
  const api = await telling(tell);

  await expect(recentDecisions(api, MAC)).rejects.toMatchObject({
    code: 'no-gateway',
    message: expect.stringMatching(/^the gateway has broken off its events/),
  });
});
