import type { Page } from 'playwright-core';
import { apiJson } from './api.ts';
import type { GatewayProcess } from './gateway-process.ts';
import type { PacketOption } from './packet.ts';
import { type RawClient, selecting } from './raw-client.ts';
import type { TestSegment } from './system.ts';

export const SECRET = 'correct-horse-battery';
export const PAGE = 'http://127.0.0.1:9091/';
const HOST_NAME = 12;

/** A gateway whose page a browser on its node can open. */
export async function pageGateway(
  segment: TestSegment,
  settings: Readonly<Record<string, string>> = {},
  directory = segment.folder(),
): Promise<GatewayProcess> {
  const named = ['unshare', '--uts', 'sh', '-c', 'hostname pve1 && exec "$@"', 'sh'];
  const gateway = await segment.gateway({ GATEWAY_API_SECRET: SECRET, ...settings }, directory, named);
  await gateway.untilManaged();
  await gateway.until('its port was open', () =>
    gateway.log.some(({ msg }) => msg === 'metrics and API are served'),
  );
  return gateway;
}

/** A guest that boots, asks for an address by its name, and gets it. Returns the address. */
export async function bootGuest(
  client: RawClient,
  mac: string,
  name: string | Uint8Array | undefined,
): Promise<string> {
  const octets = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  const named: PacketOption[] = octets === undefined ? [] : [[HOST_NAME, ...octets]];
  const asked = selecting(await client.discover(mac, ...named));
  const { yiaddr } = await client.ask({ ...asked, options: [...(asked.options ?? []), ...named] });
  client.holds.set(yiaddr, mac);
  return yiaddr;
}

/** Reserves by the API. */
export async function reserve(
  gateway: Pick<GatewayProcess, 'directory'>,
  id: string,
  body: object,
): Promise<void> {
  await apiJson(gateway, `/api/v1/reservations/${id}`, { method: 'PUT', body, status: 201 });
}

/** Opens a view; the secret is entered where it is wanted. */
export async function openPage(page: Page, view: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${PAGE}#${view}`);
  await enterSecret(page);
}

/** Into a page that has just been loaded: it forgets the secret. */
export async function enterSecret(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Enter the secret…' }).click();
  await page.locator('input[name=secret]').fill(SECRET);
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor({ state: 'detached' });
}
