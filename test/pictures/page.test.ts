import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { bootGuest, openPage, pageGateway, reserve } from '../support/page-scene.ts';
import { SeededRandom } from '../support/random.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const FOLDER = join(import.meta.dirname, '../../docs/pictures');
/** A picture is small enough for a page that is read over a slow line: octets. */
const LARGEST = 150_000;
const ROLES = [
  'web',
  'db',
  'mail',
  'build',
  'cache',
  'game',
  'vpn',
  'git',
  'queue',
  'wiki',
  'shop',
  'ci',
  'api',
];
const GUESTS = 96;

describeSystem('the pictures of README and docs', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let browser: Browser | undefined;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    gateway = await pageGateway(segment(), { GATEWAY_DHCP_ARP_PROBE: '300' });
    const client = segment().client();
    const random = new SeededRandom(20_261_128);
    for (let number = 0; number < GUESTS; number += 1) {
      const card = `bc:24:11:5e:0a:${(16 + number).toString(16)}`;
      const role = ROLES[random.below(ROLES.length)] ?? 'web';
      const name = `${role}-${1 + random.below(89)}`;
      if (number % 4 === 0)
        await reserve(gateway, `vps-${(4096 + number * 37).toString(16)}`, { mac: [card], hostname: name });
      await bootGuest(client, card, name);
    }
    for (let number = 0; number < 7; number += 1)
      await reserve(gateway, `vps-9f${number}`, {
        mac: [`bc:24:11:00:00:0${number}`],
        hostname: `spare-${number}`,
      });
    await apiJson(gateway, '/api/v1/addresses/10.15.3.118/quarantine', {
      method: 'POST',
      body: { seconds: 3600, reason: 'cable is being changed' },
    });
    // Until ARP has asked for what is free, those cells are dashed.
    await eventually(
      'all free addresses were asked for',
      async () => {
        const { items } = await apiJson<{ items: { state: string }[] }>(gateway, '/api/v1/addresses');
        return items.filter(({ state }) => state === 'free').length < 12;
      },
      120_000,
    );
    const opened = await Browser.open(segment().node);
    browser = opened;
    ({ page } = await opened.tab());
  }, 240_000);
  afterAll(() => browser?.close());

  const take = async (name: string, colorScheme: 'light' | 'dark') => {
    await page.emulateMedia({ colorScheme });
    await page.mouse.move(1279, 799);
    await page.evaluate('document.fonts.ready');
    const path = join(FOLDER, `${name}-${colorScheme}.png`);
    writeFileSync(path, await page.screenshot({ animations: 'disabled' }));
    expect(statSync(path).size).toBeLessThan(LARGEST);
  };
  const takeBoth = async (name: string) => {
    await take(name, 'light');
    await take(name, 'dark');
  };
  const open = async (view: string, text: string) => {
    await page.evaluate(`location.hash = '#${view}'`);
    await page.getByText(text).first().waitFor();
  };

  test('are made of a gateway that serves', async () => {
    await openPage(page, 'map');
    await page.getByText('States: press one to see where').waitFor();
    await page.locator('.toast button').click();
    await takeBoth('map');
    await open('leases', 'Reserved, in use');
    await page.getByText(/^\d+ leases, \d+ rows$/).waitFor(); // The counts come with an answer of their own.
    await take('leases', 'light');
    await page.setViewportSize({ width: 1280, height: 620 });
    await open('live', 'bound');
    await bootGuest(segment().client(), 'bc:24:11:0d:ee:07', 'fresh-1');
    await page.getByText('fresh-1').first().waitFor();
    await open('live/bc:24:11:0d:ee:07', 'Has 10.15.3.');
    await take('live', 'dark');
    await page.setViewportSize({ width: 360, height: 740 });
    await open('map', 'Infrastructure');
    await take('narrow', 'light');

    expect(existsSync(join(FOLDER, 'map-light.png'))).toBe(true);
  });
});
