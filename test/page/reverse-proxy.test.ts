import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { bootGuest, enterSecret, pageGateway } from '../support/page-scene.ts';
import { blocksOf, pages } from '../support/pages.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

/** Browsers look for names below localhost on their own machine (RFC 6761 §6.3). */
const NAME = 'gateways.localhost';
const PORT = 8080;
const SITE = `http://${NAME}:${PORT}`;

/** What docs/page.md says to write, for a gateway on this machine. */
function locations(): string {
  const page = pages().find(({ path }) => path === 'docs/page.md');
  const [block] = page === undefined ? [] : blocksOf(page).filter(({ language }) => language === 'nginx');
  return (block?.text ?? '').replace('http://10.0.0.11:9091/', 'http://127.0.0.1:9091/');
}

/** A site of nginx with a login of its own, by a cookie, in a folder of its own. */
function siteIn(folder: string): string {
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (what) => `${what}_temp_path ${folder}/${what};`,
  );
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
events {}
http {
  access_log off; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${PORT};
    server_name ${NAME};
    if ($cookie_login != "yes") { return 403; }
${locations()}
  }
}
`,
  );
  return file;
}

describeSystem('the web page behind a reverse proxy, below a path', ['chromium', 'nginx'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await pageGateway(segment(), { GATEWAY_API_HOSTS: NAME });
    const file = siteIn(segment().folder());
    segment().node.spawn('nginx', ['-c', file, '-p', segment().folder()], { stdio: 'inherit' });
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
  });
  afterAll(() => browser?.close());

  test('its own login is kept out of the way: the page sends the cookies of its address', async () => {
    const before = await page.goto(`${SITE}/gateways/pve1/`);
    await browser.context.addCookies([{ name: 'login', value: 'yes', url: SITE }]);
    await page.goto(`${SITE}/gateways/pve1`);
    await page.getByRole('heading', { name: 'This gateway wants its secret' }).waitFor();

    expect(before?.status()).toBe(403);
    expect(page.url()).toBe(`${SITE}/gateways/pve1/`);
  });

  test('opens with all its files, and events come as they happen', async () => {
    await enterSecret(page);
    await page.getByRole('grid', { name: 'Addresses of 10.15.3.0/24' }).waitFor();
    const followed = page.waitForResponse((answer) => /\/events\?.*decision/.test(answer.url()));
    await page.goto(`${SITE}/gateways/pve1/#live`);
    await followed;
    await bootGuest(segment().client(), 'bc:24:11:20:7f:01', 'web-1');

    // Held back in a buffer, they would come when it is full.
    await page.getByRole('row').filter({ hasText: 'web-1' }).filter({ hasText: 'bound' }).first().waitFor();
    await keepPicture(page, 'reverse-proxy');
  });

  test('what is pressed is done, also at a port that is not 80', async () => {
    await page.goto(`${SITE}/gateways/pve1/#map/10.15.3.118`);
    await page.getByRole('button', { name: 'Quarantine…' }).click();
    await page.getByRole('button', { name: 'Quarantine', exact: true }).click();

    await page
      .locator('.toast')
      .getByText(/^Quarantined 10\.15\.3\.118 until /)
      .waitFor();
    expect(complaints).toEqual([]);
  });
});
