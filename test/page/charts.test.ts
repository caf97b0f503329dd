import { afterAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const STEP = 900_000;
const WEEK = 672;

/** A week in which the pool fills up, as the gateway would tell it after that time. @param slow Replies take so many times as long. */
function week(slow = 1): object {
  const now = Date.now();
  const items = Array.from({ length: WEEK }, (_, index) => ({
    at: new Date(now - (WEEK - 1 - index) * STEP).toISOString(),
    pool: {
      ...{ size: 235, leased: 100 + Math.floor(index / 17), left: 124 - Math.floor(index / 17) },
      ...{ peers: 0, declined: 2, offered: 0, reserved: 9 },
    },
    exchanges_per_second: 2 + Math.sin(index / 15),
    reply_seconds_p50: 0.002 * slow,
    reply_seconds_p99: 0.0078 * slow,
    drops: 0,
    refused: 0,
  }));
  return { items, total: WEEK, step: 900, answered: [], as_of: new Date(now).toISOString() };
}

describeSystem('the charts of the web page', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  test('show a week of samples, with the day on which the pool will be full, and draw within the policy of the page', async () => {
    await pageGateway(segment());
    browser = await Browser.open(segment().node);
    const { page, complaints } = await browser.tab();
    await page.route('**/api/v1/samples*', (route) => route.fulfill({ json: week() }));

    await openPage(page, 'health');
    await page.getByText(/it is full on/).waitFor();
    await page.locator('canvas').nth(2).waitFor();
    await keepPicture(page, 'charts light');
    await page.keyboard.press('t');
    await page.waitForFunction("document.querySelectorAll('canvas').length === 3");
    await keepPicture(page, 'charts dark');

    expect(await page.getByRole('img', { name: /it is full on/ }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('numbers at an axis are never cut: it is as wide as the longest one', async () => {
    if (browser === undefined) throw new Error('no browser');
    const { page } = await browser.tab();
    await page.route('**/api/v1/samples*', (route) => route.fulfill({ json: week(2000) }));
    await openPage(page, 'health');
    await page.locator('canvas').nth(2).waitFor();
    await keepPicture(page, 'charts slow');
    const [, left] = await page
      .getByRole('img', { name: /^Request to reply/ })
      .locator('.u-axis')
      .all();
    const { width = 0 } = (await left?.boundingBox()) ?? {};
    const longest = await page.evaluate<number>(`{
      const context = document.createElement('canvas').getContext('2d');
      context.font = '11px system-ui';
      context.measureText('100,000').width;
    }`);

    expect(width).toBeGreaterThan(longest);
  });
});
