import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { bootGuest, openPage, pageGateway, reserve } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Info {
  readonly segments: readonly { readonly leased: number; readonly leased_by_peers: number }[];
}

describeSystem('the web page of gateways that share nothing', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  /** What a view says of the pool, as soon as it says this. */
  const told = async (page: Page, view: string, text: RegExp) => {
    await openPage(page, view);
    return await page.locator('main').getByText(text).first().innerText();
  };

  test('has the same number of leases in every view, and says how many of them are other gateways’', async () => {
    const gateway = await pageGateway(segment());
    await segment().gatewayAt(11);
    const client = segment().client();
    await reserve(gateway, 'below-the-pool', { mac: ['bc:24:11:20:7f:01'], address: '10.15.3.9' });
    await eventually('both have granted something', async () => {
      await bootGuest(client, `bc:24:11:20:7f:${(16 + client.holds.size).toString(16)}`, undefined);
      const [pool] = (await apiJson<Info>(gateway, '/api/v1/info')).segments;
      return pool !== undefined && pool.leased > 0 && pool.leased_by_peers > 0;
    });
    browser = await Browser.open(segment().node);
    const { page, complaints } = await browser.tab();

    const onMap = await told(page, 'map', /^\d+ leased, \d+ of them by other gateways/);
    await keepPicture(page, 'map-peers');
    const [ofHealth, ofOthers] = [
      await told(page, 'health', /^\d+ of 235$/),
      await page.getByText(/\d+ leases? (is|are) of other gateways\.$/).innerText(),
    ];
    await keepPicture(page, 'health-peers');
    const inList = await told(page, 'leases', /^\d+ leases, \d+ rows$/);

    const [, leased, peers] = /^(\d+) leased, (\d+) of them/.exec(onMap) ?? [];
    expect(onMap).toMatch(/ · 0 held · 0 out of use · /);
    expect(ofHealth).toBe(`${leased} of 235`);
    expect(ofOthers).toContain(` ${peers} lease`);
    expect(inList).toContain(`${leased} leases, ${Number(leased) + 1} rows`);
    expect(complaints).toEqual([]);
  });

  test('tells of the others in a note: nothing is wrong, no warning is counted, and both ways out are named', async () => {
    if (browser === undefined) throw new Error('no browser');
    const { page } = await browser.tab();
    await openPage(page, 'health');
    const card = page.getByRole('region', { name: 'Warnings', exact: true });
    await card.getByText('Nothing is wrong.', { exact: true }).waitFor();
    const facts = await page.locator('.verdict .facts').innerText();
    await card.locator('summary').click();
    const note = await card.locator('li').innerText();
    await keepPicture(page, 'health-note');
    await openPage(page, 'map');
    await page.getByText('Needs a look').waitFor();

    expect(facts.replace(/\s+/g, ' ')).toMatch(/1 note 0 warnings$/);
    expect(note).toContain('Other gateways serve this pool, and nothing is shared with them: 10.15.3.11.');
    expect(note).toContain('Good to know');
    expect(note).toMatch(/GATEWAY_ETCD_ENDPOINTS[\s\S]*GATEWAY_DHCP_SHARE/);
    expect(await page.getByText('No guest suffers').count()).toBe(0);
    expect(await page.locator('.notes').count()).toBe(0);
    await page.close();
  });
});
