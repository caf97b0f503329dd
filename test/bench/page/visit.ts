import type { CDPSession, Page } from 'playwright-core';

const PAGE = 'http://127.0.0.1:9091/';
/** A page that takes longer does not work: milliseconds. */
const PATIENCE = 60_000;

/** What somebody waits for, in milliseconds, and what the page holds then. */
export interface Visit {
  readonly table: number;
  readonly next: number;
  readonly sort: number;
  readonly search: number;
  readonly searchRare: number;
  readonly map: number;
  readonly block: number;
  /** Bytes, after a full collection. */
  readonly heap: number;
}

/** Opens the page as one who has never seen it, and does what people do. */
export async function visit(page: Page): Promise<Visit> {
  page.setDefaultTimeout(PATIENCE);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.clearBrowserCache');
  await page.goto('about:blank');
  const table = await timed(async () => {
    await page.goto(`${PAGE}#leases`, { waitUntil: 'commit' });
    await page.locator('td.a').first().waitFor();
  });
  const whole = await page.locator('.pager [role=status]').innerText();
  const next = await timed(async () => {
    await page.getByRole('button', { name: 'Next', exact: true }).click();
    await page.getByText(/^51–100 of /).waitFor();
  });
  const sort = await timed(() => changes(page, () => press(page, 'Ends in')));
  const search = await searched(page, 'guest-9', whole);
  const searchRare = await searched(page, 'guest-99 -guest-991 state:leased', whole);
  const heapOfList = await heapIn(devtools);
  const map = await timed(async () => {
    await page.goto(`${PAGE}#map`);
    await page.locator('a.block').first().waitFor();
  });
  const block = await timed(async () => {
    await page.locator('a.block').filter({ hasText: '256 leased' }).first().click();
    await page
      .getByRole('gridcell', { name: /, leased/ })
      .first()
      .waitFor();
  });
  const heap = Math.max(heapOfList, await heapIn(devtools));
  await devtools.detach();
  return { table, next, sort, search, searchRare, map, block, heap };
}

/** What the page asks for while somebody works with it, until `isOver`. */
export async function keepBusy(page: Page, isOver: () => boolean): Promise<number> {
  let steps = 0;
  await page.goto(`${PAGE}#leases`);
  await page.locator('td.a').first().waitFor();
  while (!isOver()) {
    await changes(page, () => press(page, steps % 2 === 0 ? 'Ends in' : 'Address'));
    steps += 1;
  }
  return steps;
}

async function press(page: Page, title: string): Promise<void> {
  await page.getByRole('columnheader').getByRole('button', { name: title, exact: true }).click();
}

/**
 * From the last key until what was found is shown; the page waits 200 ms for a further key.
 *
 * @param whole What stands below the list while nothing is searched for.
 */
async function searched(page: Page, text: string, whole: string): Promise<number> {
  const field = page.getByLabel('Search leases');
  await field.fill('');
  await page.getByText(whole, { exact: true }).waitFor();
  return await timed(() => changes(page, () => field.fill(text)));
}

/** Until the first row is another one, or the number of rows. */
async function changes(page: Page, act: () => Promise<void>): Promise<void> {
  const shown = "document.querySelector('td.a')?.textContent + document.querySelector('.pager')?.textContent";
  const before = await page.evaluate(shown);
  await act();
  await page.waitForFunction(`(${shown}) !== ${JSON.stringify(before)}`);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

async function heapIn(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  return usedSize;
}
