import { afterAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { bootGuest, openPage, pageGateway, reserve } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = 'bc:24:11:20:83:01';
const NEW = '10.15.3.203';

describeSystem('the web page after a guest has moved to another address', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  test('has one ACK of the new address in its story, and then the end of the old one; so has the history of that', async () => {
    const gateway = await pageGateway(segment());
    const client = segment().client();
    const old = await bootGuest(client, MAC, 'web-1');
    client.holds.delete(old);
    await reserve(gateway, 'one', { mac: [MAC], address: NEW });
    browser = await Browser.open(segment().node);
    const { page, complaints } = await browser.tab();
    await openPage(page, `live/${MAC}`);
    await page.getByText(`Has ${old}.`).waitFor();
    await bootGuest(client, MAC, 'web-1');
    await page.getByText(`Has ${NEW}.`).waitFor();
    const line = page.locator('ol.story > li').filter({ hasText: 'moved' });
    const story = async () =>
      (await line.locator('b').allInnerTexts()).map((text) => text.replace(' to REQUEST', ''));

    // While it is seen, and from the history alone.
    for (const when of ['seen', 'loaded']) {
      await expect.poll(story).toEqual([`pve1: ACK ${NEW}`, `pve1: ended ${old}`]);
      await keepPicture(page, `story of a move ${when}`);
      if (when === 'seen') await openPage(page, `live/${MAC}`);
    }
    const rows = page.locator('.stream tbody tr').filter({ hasText: 'moved' });
    await expect
      .poll(async () => await rows.filter({ hasText: old }).locator('.tk2').allInnerTexts())
      .toEqual(['Changed']);
    await page.evaluate(`location.hash = '#map/${old}'`);
    await page.getByText('web-1 has another address now, by pve1').waitFor();
    expect(complaints).toEqual([]);
  });
});
