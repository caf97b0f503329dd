import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PagePort } from '../../src/cli/lab/page-port.ts';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { bootGuest, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = 'bc:24:11:20:7d:01';

describeSystem('the web page of a lab, by its port', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let first: GatewayProcess;
  let second: GatewayProcess;
  let port: PagePort;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    first = await pageGateway(segment());
    const node = await segment().segment.attach('node-2', { address: '10.15.3.11/24' });
    second = new GatewayProcess(node, { directory: segment().folder() });
    await second.untilManaged();
    const gateways = [first, second].map(({ directory }, index) => ({
      name: `node${index + 1}`,
      socket: join(directory, API_SOCKET),
    }));
    port = await PagePort.open(gateways);
    // A browser of this machine, as a newcomer's is: outside the segment.
    browser = await Browser.open({ pid: process.pid });
    ({ page, complaints } = await browser.tab());
  });
  afterAll(async () => {
    await browser?.close();
    await port?.close();
    await second?.end();
  });

  const gatewayShown = () => page.getByText(/^10\.15\.3\.1\d · this page$/).innerText();

  test('opens by the printed link without a secret, and shows a guest as it boots', async () => {
    await page.goto(port.newLink());
    await page.getByText('Changes on').waitFor();
    const address = await bootGuest(segment().client(), MAC, 'web-1');

    await page.getByRole('gridcell', { name: new RegExp(`^${address}, leased, web-1`) }).waitFor();
    await keepPicture(page, 'lab');
    expect(page.url()).toBe(`http://127.0.0.1:${port.port}/`);
  });

  test('what is pressed is done, and the history names the page of the lab', async () => {
    await page.goto(`http://127.0.0.1:${port.port}/#map/10.15.3.99`);
    await page.getByRole('button', { name: 'Quarantine' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Quarantine' }).click();
    await page.locator('.toast').waitFor();

    const { items } = await apiJson<{ items: { author: string }[] }>(
      first,
      '/api/v1/history?address=10.15.3.99',
    );
    expect(items[0]?.author).toBe('lab-page');
  });

  test('each gateway has a path of its own, and / goes on with the next one where the first dies', async () => {
    await page.goto(`http://127.0.0.1:${port.port}/node2/#nodes`);
    const ofSecond = await gatewayShown();
    await page.goto(`http://127.0.0.1:${port.port}/#nodes`);
    const before = await gatewayShown();
    await first.end();
    await page.getByText('10.15.3.11 · this page').waitFor();

    expect([ofSecond, before]).toEqual(['10.15.3.11 · this page', '10.15.3.10 · this page']);
    expect(complaints).toEqual([]);
  });

  test('a second browser is not let in by the link that the first one has used', async () => {
    const other = await Browser.open({ pid: process.pid });
    const { page: stranger } = await other.tab();
    await stranger.goto(`http://127.0.0.1:${port.port}/`);
    const title = await stranger.getByRole('heading').innerText();
    await keepPicture(stranger, 'lab-link-wanted');
    await other.close();

    expect(title).toBe('Open this page by the link');
  });
});
