import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { openPage, PAGE, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const NO_ANSWERS = ['null', '5', '"text"', '[]', '{}', '{"items": null}', '{"segments": [null]}', '<html>'];

describeSystem('the web page, where something else answers in place of its gateway', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await pageGateway(segment());
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    complaints.length = 0;
  });

  test.each(NO_ANSWERS)(
    'to all it asks with %s, says that it has lost it, and comes back by itself',
    async (body) => {
      await openPage(page, 'health');
      await page.getByText('as all times here').waitFor();

      await page.route(/api\/v1|readyz/, (route) => route.fulfill({ body, contentType: 'application/json' }));
      await page.getByText('No connection to this gateway since').waitFor();
      const complained = [...complaints];
      await page.unrouteAll({ behavior: 'ignoreErrors' });

      await page.getByText('No connection to this gateway since').waitFor({ state: 'detached' });
      expect(complained).toEqual([]);
    },
  );

  test('to all it asks with a problem of its own, says which', async () => {
    const type = 'urn:vps-gateway:problem:foreign-host';
    await page.route(/api\/v1|readyz/, (route) =>
      route.fulfill({ status: 403, json: { type, title: 'This is not allowed', status: 403 } }),
    );

    await page.goto('about:blank');
    await page.goto(`${PAGE}#map`);

    await page.getByRole('heading', { name: 'This gateway does not know its name here' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test.each(['leases', 'nodes', 'map', 'health'])(
    'says in the view %s that it does not understand the answer, and the other views go on',
    async (view) => {
      await page.route(/api\/v1\/(?!info|warnings|events)/, (route) =>
        route.fulfill({ body: '{"items": [null, 5]}', contentType: 'application/json' }),
      );

      await openPage(page, view);

      const said = page.getByRole('heading', { name: 'This page does not understand the gateway’s answer' });
      await page.locator('main').filter({ has: said }).waitFor();
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.keyboard.press('4');

      await page.waitForURL(/#live/);
      expect(await page.locator('main').filter({ has: said }).count()).toBe(0);
    },
  );
});
