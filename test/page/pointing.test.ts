import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { bootGuest, openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = 'bc:24:11:20:82:01';
const WIDE = { width: 1280, height: 800 };

describeSystem('whoever points at the web page and presses', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser;
  let page: Page;
  let address: string;

  beforeAll(async () => {
    await pageGateway(segment());
    address = await bootGuest(segment().client(), MAC, 'web-1');
    browser = await Browser.open(segment().node);
    ({ page } = await browser.tab());
    await openPage(page, 'map');
    await page.locator('.toast').getByRole('button').click();
  });
  afterAll(() => browser?.close());

  const show = async (view: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(`#${view}`)}`);
  };

  test('a message that stays covers nothing for good: what is below it can be scrolled out, and Escape closes it before the panel', async () => {
    const hidden = `{
      scrollTo(0, 1e6);
      document.querySelector('.panel.picked').scrollTo(0, 1e6);
      const { top } = document.querySelector('.toast').getBoundingClientRect();
      const lowest = (names) => Math.max(...[...document.querySelectorAll(names)].map((each) => each.getBoundingClientRect().bottom));
      ({ page: lowest('.map .cell, .foot') > top, panel: lowest('.panel.picked a, .panel.picked button') > top });
    }`;
    const panel = page.locator('.panel.picked');
    for (const size of [{ width: 360, height: 740 }, WIDE]) {
      await page.setViewportSize(size);
      await show(`map/${address}`);
      await panel.getByRole('button', { name: 'Release…' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Release the lease' }).click();
      await page.getByText(`${address} is kept: its guest answers.`).waitFor();
      await page.locator('dialog').waitFor({ state: 'detached' });
      await keepPicture(page, `message that stays ${size.width}`);

      await expect.poll(() => page.evaluate(hidden)).toEqual({ page: false, panel: false });
      await page.keyboard.press('Escape');
      await page.locator('.toast').waitFor({ state: 'detached' });
      expect(await panel.count()).toBe(1);
      await page.keyboard.press('Escape');
      await panel.waitFor({ state: 'detached' });
    }
  });

  test('a row of the list opens its address; its box, its menu and marked text do not', async () => {
    await show('leases');
    const row = page.locator(`tr[data-address="${address}"]`);
    await row.getByRole('checkbox').check();
    await row.getByRole('button', { name: `Actions for ${address}` }).click();
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('Escape');
    const { x = 0, y = 0 } = (await row.locator('td.m span').boundingBox()) ?? {};
    await page.mouse.move(x + 2, y + 6);
    await page.mouse.down();
    await page.mouse.move(x + 60, y + 6, { steps: 3 });
    await page.mouse.up();
    expect(await page.evaluate('String(getSelection()).length')).toBeGreaterThan(3);
    const before = new URL(page.url()).hash;
    await row.locator('td.st').click();
    await page.getByRole('complementary', { name: `Address ${address}` }).waitFor();

    expect(before).toBe('#leases');
    expect(new URL(page.url()).hash).toBe(`#map/${address}`);
    await page.goBack();
    await row.getByRole('link', { name: address }).press('Enter');
    await page.getByRole('complementary', { name: `Address ${address}` }).waitFor();
  });

  test('what comes to lie under the mouse when a dialog closes is not pointed at: its card waits for a move', async () => {
    await show('map/10.15.3.250');
    await page.getByRole('button', { name: 'Reserve…' }).click();
    // The dialog is moved over the map, so that its button lies on a cell.
    await page.evaluate("document.querySelector('dialog').style.margin = '300px 0 0 100px'");
    const { x = 0, y = 0 } =
      (await page.locator('dialog').getByRole('button', { name: 'Cancel' }).boundingBox()) ?? {};
    await page.mouse.move(x + 8, y + 8, { steps: 2 });
    await page.mouse.down();
    await page.mouse.up();
    await page.locator('dialog').waitFor({ state: 'detached' });
    // The browser tells what lies under the mouse now within some frames.
    await page.evaluate('new Promise((done) => setTimeout(done, 500))');
    const below = await page.evaluate(
      `document.elementFromPoint(${x + 8}, ${y + 8}).closest('.cell')?.dataset.a`,
    );
    const cards = await page.locator('.hover').count();
    await page.mouse.move(x + 9, y + 9);
    await page.locator('.hover').waitFor();

    expect(below).toMatch(/^10\.15\.3\.\d+$/);
    expect(cards).toBe(0);
  });

  test('an address that nobody ever had is shown and taken out of use without asking for what is not there', async () => {
    const failed: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });
    for (const free of ['10.15.3.251', '10.15.3.5']) {
      await show(`map/${free}`);
      await page.getByRole('complementary', { name: `Address ${free}` }).waitFor();
    }
    await show('map/10.15.3.252');
    await page.getByRole('button', { name: 'Quarantine…' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Quarantine' }).click();
    const panel = page.getByRole('complementary', { name: 'Address 10.15.3.252' });
    await panel.getByText('quarantined-by-operator').waitFor();

    expect(failed).toEqual([]);
  });
});
