import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { bootGuest, openPage, PAGE, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const LONG = 'x'.repeat(20_000);
/** As a map of all addresses, of which none is open or marked. */
const MAPS = [
  ...[
    'nosuch',
    '#map',
    'MAP',
    'map//',
    'map/%E0%A4%A',
    `map/${LONG}`,
    'map/999.999.999.999',
    'map/"],[onclick',
  ],
  ...['map/10.15.3.87/24/../..', 'map?paint=x&state=constructor', 'map?state=__proto__', 'map?node=nobody'],
];
const REFUSED = [
  'sort=<script>',
  'state=constructor,warning',
  'after=garbage&from=-5',
  `node=${'y'.repeat(600)}`,
];
const EMPTY = [
  `q=${LONG}`,
  'q=constructor:x',
  'q=state:__proto__',
  'q=mac:zz',
  'node=<b>,%E2%80%AE',
  'q=-x+%00',
];

describeSystem('an address of the page that nobody would write', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await pageGateway(segment());
    await bootGuest(segment().client(), 'bc:24:11:20:82:01', 'web-1');
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
    await openPage(page, 'map');
  });
  afterAll(() => browser.close());

  const show = async (fragment: string) => {
    await page.evaluate("location.hash = '#nodes'");
    await page.getByRole('heading', { name: 'Gateways' }).waitFor();
    await page.evaluate(`location.hash = ${JSON.stringify(`#${fragment}`)}`);
  };
  const isClean = async () => {
    expect(await page.locator('main script, main img').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  };

  test.each(MAPS.map((each) => [each.slice(0, 40), each]))('#%s is the map', async (_short, fragment) => {
    await show(fragment);
    await page.getByRole('grid', { name: 'Addresses of 10.15.3.0/24' }).waitFor();

    expect(await page.locator('.cell.dim').count()).toBe(0);
    await isClean();
  });

  test.each(REFUSED.map((each) => [each.slice(0, 40), each]))(
    '#leases?%s says what is wrong with it, and is left with one press',
    async (_short, query) => {
      await show(`leases?${query}`);
      await page.getByRole('heading', { name: 'This search is not understood' }).waitFor();
      await isClean();
      await page.getByRole('button', { name: 'Clear search and filters' }).click();

      await page.getByText('1 lease, 1 row').waitFor();
      expect(page.url()).toBe(`${PAGE}#leases`);
    },
  );

  test.each(EMPTY.map((each) => [each.slice(0, 40), each]))(
    '#leases?%s is a search that finds nothing',
    async (_short, query) => {
      await show(`leases?${query}`);
      await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
      await isClean();
    },
  );

  test.each([`live/${LONG}`, 'live/%3Cimg%20src=x%3E', 'live/%E2%80%AE'])(
    '#%.20s is the story of nobody',
    async (fragment) => {
      await show(fragment);
      await page.getByText('Nothing is known of this guest.').waitFor();
      await isClean();
    },
  );

  describe('and the policy of the page', () => {
    test('lets no handler, script or style run that stands in its text, and reaches no other address', async () => {
      const [refused, ran] = await page.evaluate<[string[], boolean]>(`(async () => {
        const refused = [];
        document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        const add = (name, attributes, text = '') => {
          const element = document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
          element.textContent = text;
          document.body.append(element);
          return element;
        };
        add('button', { onclick: 'window.ran = true' }).click();
        add('script', {}, 'window.ran = true');
        add('a', { href: 'javascript:window.ran = true' }).click();
        add('p', { style: 'position: fixed' });
        add('img', { src: 'http://10.15.3.1/a.png' });
        add('iframe', { src: 'http://10.15.3.1/' });
        await fetch('http://10.15.3.1/').catch(() => {});
        await new Promise((done) => setTimeout(done, 300));
        return [refused.sort(), window.ran === true];
      })()`);

      expect(ran).toBe(false);
      expect(refused).toEqual([
        ...['connect-src', 'frame-src', 'img-src', 'script-src-attr', 'script-src-elem', 'script-src-elem'],
        'style-src-attr',
      ]);
    });
  });
});
