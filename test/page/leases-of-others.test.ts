import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson, askApi } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { openPage, pageGateway } from '../support/page-scene.ts';
import { type RawClient, serverOf } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const OTHERS = ['10.15.3.11', '10.15.3.12'];

interface Row {
  readonly state: string;
}

describeSystem('the web page where other gateways lease too, and share nothing', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let client: RawClient;
  let browser: Browser;
  let page: Page;
  /** What each has granted. */
  const granted = new Map<string, string>();

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    await segment().gatewayAt(11);
    await segment().gatewayAt(12);
    client = segment().client();
    let number = 0;
    // The first guest that asks another gateway makes that known; what later ones ask for is recorded.
    await eventually('a lease of each was heard', async () => {
      number += 1;
      const ack = await client.lease(hardwareOf(number));
      const { items } = await apiJson<{ items: Row[] }>(gateway, `/api/v1/leases?address=${ack.yiaddr}`);
      if (items[0]?.state === 'peer') granted.set(serverOf(ack).join('.'), ack.yiaddr);
      return OTHERS.every((other) => granted.has(other));
    });
    browser = await Browser.open(segment().node);
    ({ page } = await browser.tab());
  });
  afterAll(() => browser?.close());

  test('an order about a lease of another gateway is refused by the name of that one', async () => {
    for (const other of OTHERS) {
      const path = `/api/v1/addresses/${granted.get(other)}/quarantine`;
      const { status, text } = await askApi(gateway, path, { method: 'POST', body: {} });

      expect(status).toBe(409);
      expect(text).toContain(`the gateway ${other} has granted ${granted.get(other)} and shares no leases`);
    }
  });

  test('the lease of another gateway can be reserved here, and it is said where it is released', async () => {
    const [other = ''] = OTHERS;
    const address = granted.get(other) ?? '';
    await openPage(page, `map/${address}`);
    const panel = page.getByRole('complementary', { name: `Address ${address}` });
    await panel.getByText(`at ${other}: the gateways share no leases`).waitFor();
    await keepPicture(page, 'address of another gateway');
    await page.evaluate("location.hash = '#leases'");
    await page.getByRole('button', { name: `Actions for ${address}` }).click();
    const items = await page.getByRole('menuitem').allInnerTexts();
    await page.getByRole('menuitem', { name: 'Reserve…' }).click();
    await page.locator('dialog').getByText('reserve the address at each of the others too').waitFor();
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();
    await page.locator('.toast').getByText(`${address} is reserved for`).waitFor();

    expect(items.at(-1)).toBe(`Release it at ${other}`);
    expect(await apiJson<object>(gateway, `/api/v1/reservations?address=${address}`)).toMatchObject({
      total: 1,
    });
  });

  test('what was only heard is told as that, and nothing is an order that nobody gave', async () => {
    await page.goto('about:blank');
    await openPage(page, 'live');
    await client.lease(hardwareOf(200));
    await client.lease(hardwareOf(201));
    await client.lease(hardwareOf(202));
    await page.locator('tr').filter({ hasText: 'peer-granted' }).first().waitFor();
    const answers = await page
      .locator('tr')
      .filter({ hasText: 'peer-granted' })
      .locator('.tk2')
      .allInnerTexts();

    expect(answers.every((answer) => /^Changed\s+heard on the segment$/.test(answer.trim()))).toBe(true);
    expect(await page.getByText('by an order').count()).toBe(
      await page.locator('tr').filter({ hasText: '-by-operator' }).getByText('by an order').count(),
    );
  });

  test('where the newest leases are all of others, the sentence at the top does not say that no guest has got one', async () => {
    let number = 300;
    await eventually('this one has granted a lease', async () => {
      number += 1;
      return serverOf(await client.lease(hardwareOf(number))).join('.') === '10.15.3.10';
    });
    const { items } = await apiJson<{ items: { reason: string }[] }>(gateway, '/api/v1/history');
    const heard = items.filter(({ reason }) => reason === 'peer-granted');
    await page.route('**/api/v1/history?limit=20*', (route) =>
      route.fulfill({ json: { items: heard, total: heard.length, next: null } }),
    );
    await openPage(page, 'map');

    await page.getByText(/^\d+ address(es)? (is|are) leased here now\.$/).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('an address whose reservation was removed is kept for its id: nothing is offered that cannot be done, and all count it alike', async () => {
    const [other = ''] = OTHERS;
    const address = granted.get(other) ?? '';
    const idle = '10.15.3.199';
    await apiJson(gateway, '/api/v1/reservations/idle', {
      method: 'PUT',
      body: { address: idle },
      status: 201,
    });
    const { items } = await apiJson<{ items: { id: string; address: string }[] }>(
      gateway,
      '/api/v1/reservations',
    );
    for (const each of items) {
      const path = `/api/v1/reservations/${encodeURIComponent(each.id)}?address=${each.address}`;
      await askApi(gateway, path, { method: 'DELETE' });
    }
    await page.goto('about:blank');
    await openPage(page, 'map');
    const legend = page.getByRole('button', { name: /^Reserved before/ });
    await legend.waitFor();
    const use = await page
      .getByText(/ of them by other gateways/)
      .locator('..')
      .innerText();
    const { segments } = await apiJson<{ segments: Record<string, number>[] }>(gateway, '/api/v1/info');
    const { leased = 0, leased_by_peers: peers = 0, available } = segments[0] ?? {};
    const offered = async (at: string) => {
      await page.evaluate(`location.hash = '#map/${at}'`);
      const panel = page.getByRole('complementary', { name: `Address ${at}` });
      await panel.getByText(/it is kept for .* until /).waitFor();
      await keepPicture(page, `reserved before, ${at === idle ? 'idle' : 'in use'}`);
      return await panel.locator('.acts button').allInnerTexts();
    };

    expect(await legend.innerText()).toMatch(/Reserved before\s*1/);
    expect(use).toContain(`${leased + peers} leased`);
    expect(use).toContain(`${peers} of them by other gateways`);
    expect(use).toContain(`${available} free`);
    expect(await offered(idle)).toEqual(['Reserve…', 'Quarantine…', 'Ask by ARP']);
    expect(await offered(address)).toEqual(['Reserve…', 'Ask by ARP']);
  });
});
