import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { bootGuest, openPage, pageGateway, reserve } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Info {
  readonly segments: readonly object[];
}

const MAC = 'bc:24:11:20:81:0';
const PHONE = { width: 360, height: 740 };
const LONG_NODE = 'pve-frankfurt-17.customers.example.net';
const LONG_SEGMENT = 'tenant-4711-production-network-of-the-shop';

describeSystem('the web page where there is little room', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    const client = segment().client();
    await bootGuest(client, `${MAC}1`, 'web-1');
    await reserve(gateway, 'vps-2', { mac: [`${MAC}2`], address: '10.15.3.202' });
    await bootGuest(client, `${MAC}2`, 'a-guest-with-quite-a-long-name-2');
    browser = await Browser.open(segment().node);
    ({ page } = await browser.tab());
    await openPage(page, 'nodes');
  });
  afterAll(() => browser?.close());

  /** The gateway answers, but for what `change` makes of it. */
  const asIf = async (change: (info: Info) => object) => {
    const info = await apiJson<Info>(gateway, '/api/v1/info');
    await page.unroute('**/api/v1/info');
    await page.route('**/api/v1/info', (route) => route.fulfill({ json: change(info) }));
    await openPage(page, 'nodes');
    await page.getByRole('heading', { name: 'Gateways' }).waitFor();
  };
  const otherGateway = (last: number) => ({
    ...{ address: `10.15.3.${last}`, state: last === 12 ? 'away' : 'there' },
    ...{
      is_gateway: true,
      selected_seconds: 700,
      arp_seconds: last === 12 ? 250 : 20,
      arp_asked_seconds: 40,
    },
  });
  const isWider = () => page.evaluate('document.documentElement.scrollWidth > innerWidth');

  test('three gateways that are only heard stand beside each other on a phone', async () => {
    await page.setViewportSize(PHONE);
    await asIf((info) => ({ ...info, other_gateways: [11, 12].map(otherGateway) }));
    const [table] = await page.locator('.cmp').all();
    const card = await page.getByRole('region', { name: 'Gateways', exact: true }).boundingBox();
    const last = await table?.locator('thead th').last().boundingBox();
    await keepPicture(page, 'nodes narrow heard');

    expect((last?.x ?? 999) + (last?.width ?? 0)).toBeLessThanOrEqual((card?.x ?? 0) + (card?.width ?? 0));
    expect(await page.locator('.cmp ~ .on, .beyond:has(.cmp) .on').count()).toBe(0);
  });

  test('a table that goes on beyond its card shows an arrow, which leads there and is gone at the end', async () => {
    await asIf((info) => ({ ...info, other_gateways: [11, 12, 13, 14, 15, 16].map(otherGateway) }));
    const arrow = page.locator('.beyond:has(.cmp) .on');
    await arrow.waitFor();
    const property = page.locator('.cmp tbody th').first();
    const before = await property.boundingBox();
    await keepPicture(page, 'nodes narrow many');
    for (let press = 0; press < 10 && (await arrow.count()) > 0; press += 1) {
      await arrow.click({ timeout: 1000 }).catch(() => {}); // It may go while it is pressed.
      await page.evaluate('new Promise((done) => setTimeout(done, 50))');
    }

    expect(await arrow.count()).toBe(0);
    expect(await property.boundingBox()).toEqual(before);
    expect(await isWider()).toBe(false);
  });

  test('in the list of a phone the state keeps clear of the address', async () => {
    const list = await apiJson<{ items: object[] }>(gateway, '/api/v1/guests?limit=50');
    const others = { ...list.items[0], state: 'peer', address: '192.168.203.254' };
    await page.route('**/api/v1/guests*', (route) =>
      route.fulfill({ json: { ...list, items: [others, ...list.items.slice(1)] } }),
    );
    await page.setViewportSize(PHONE);
    await page.evaluate("location.hash = '#leases'");
    await page.getByText('Another gateway’s').last().waitFor();
    await keepPicture(page, 'leases narrow');
    const rows = await page.locator('.grid tbody tr').all();
    for (const row of rows) {
      const address = await row.locator('td.a a').boundingBox();
      const state = await row.locator('td.st .tag').boundingBox();
      expect((address?.x ?? 999) + (address?.width ?? 0) + 8).toBeLessThanOrEqual(state?.x ?? 0);
    }

    expect(rows).toHaveLength(2);
    expect(await isWider()).toBe(false);
  });

  test('a long name of the node and of the segment leave room for all else at the top', async () => {
    await asIf((info) => ({
      ...info,
      node: LONG_NODE,
      segments: info.segments.map((each) => ({ ...each, name: LONG_SEGMENT })),
    }));
    const overlapping = `[...document.querySelectorAll('.top > :not(nav), .top > nav')]
      .filter((each) => getComputedStyle(each).position !== 'fixed')
      .map((each) => each.getBoundingClientRect())
      .filter(({ right }, index, all) => right > (all[index + 1]?.left ?? innerWidth)).length`;
    const found: Record<number, unknown> = {};
    for (const width of [360, 900, 901, 1000, 1180, 1181, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      found[width] = [await page.evaluate(overlapping), await isWider()];
      await keepPicture(page, `long names ${width}`);
    }

    expect(Object.values(found)).toEqual(Object.values(found).map(() => [0, false]));
    expect(await page.getByRole('heading', { level: 1 }).getAttribute('title')).toBe(
      `${LONG_NODE} · ${LONG_SEGMENT} · 10.15.3.0/24`,
    );
  });
});
