import { afterAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { bootGuest, openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const POOL = {
  GATEWAY_DHCP_SUBNET_MASK: '16',
  GATEWAY_DHCP_POOL_START: '10.15.64.128',
  GATEWAY_DHCP_POOL_END: '10.15.67.255',
};

describeSystem('the map of a subnet of 65,536 addresses', ['chromium'], () => {
  const segment = useTestSegment(16, 'all');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  test('has a block for each 256 addresses of the pool, which opens as a map of its own', async () => {
    await pageGateway(segment(), POOL);
    const address = await bootGuest(segment().client(), 'bc:24:11:20:7a:01', 'web-1');
    const block = address.replace(/\.\d+$/, '.0/24');
    browser = await Browser.open(segment().node);
    const { page, complaints } = await browser.tab();

    await openPage(page, 'map');
    await page.getByText('65,536 of 10.15.0.0/16, in blocks of 256').waitFor();
    const own = page.getByRole('link').filter({ hasText: block });
    await own.getByText(/^1 leased, \d+ free$/).waitFor();
    await keepPicture(page, 'blocks');
    const shown = await page.locator('a.block b').allTextContents();
    const rest = await page.getByText(/ more are outside the pool/).innerText();
    await own.click();
    await page.getByRole('gridcell', { name: new RegExp(`^${address}, leased, web-1`) }).waitFor();
    const url = page.url();
    for (const strange of ['10.16.0.0/24', '10.15.999.1', 'x/24', '%00']) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#map/${strange}`)}`);
      await own.waitFor();
    }
    await own.click();
    await page.getByRole('link', { name: 'All blocks' }).click();
    await page.getByLabel('Find a block, or with Enter a guest').fill(address);
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: `Address ${address}` }).waitFor();

    expect(shown).toEqual([64, 65, 66, 67].map((octet) => `10.15.${octet}.0/24`));
    expect(rest).toBe('252 blocks more are outside the pool, with no lease.');
    expect(url).toContain(`#map/${block}`);
    expect(complaints).toEqual([]);
  });
});
