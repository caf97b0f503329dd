import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { bootGuest, openPage, PAGE, pageGateway, reserve } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2 A and AA, and what is good practice beside it. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WINDOWS = {
  light: { width: 1280, height: 800, colorScheme: 'light' },
  dark: { width: 1280, height: 800, colorScheme: 'dark' },
  narrow: { width: 360, height: 740, colorScheme: 'light' },
} as const;
const MAC = 'bc:24:11:20:7d:';

/** What axe finds, as `rule: the element`. */
async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const run = `axe.run(document, { resultTypes: ['violations'], runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`;
  return await page.evaluate<readonly string[]>(run);
}

describeSystem('whoever does not see the page, or uses no mouse', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let browser: Browser;
  let page: Page;
  const at: string[] = [];

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    const client = segment().client();
    for (const [index, name] of ['web-1', 'db-2', '<b>bold</b>', 'mail-4'].entries())
      at.push(await bootGuest(client, `${MAC}1${index}`, name));
    await reserve(gateway, 'vps-9', { mac: ['bc:24:11:00:00:09'], address: '10.15.3.99' });
    await apiJson(gateway, '/api/v1/addresses/10.15.3.118/quarantine', { method: 'POST', body: {} });
    browser = await Browser.open(segment().node, { bypassCSP: true });
    ({ page } = await browser.tab());
    await openPage(page, 'map');
  });
  afterAll(() => browser.close());

  /** Answers of the API that a test has in place of the gateway's. */
  const answers = async (path: string, answer: (route: Route) => Promise<void>) =>
    await page.route(`**/api/v1/${path}`, answer);
  const problem = (status: number, word: string) => (route: Route) =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: `urn:vps-gateway:problem:${word}`,
        status,
        title: 'No',
        detail: 'not now',
      }),
    });
  /** Another view of the page that is open, with no dialog over it. */
  const show = async (view: string) => {
    await page.keyboard.press('Escape');
    await page.evaluate(`location.hash = ${JSON.stringify(`#${view}`)}`);
  };
  const settled = async (text: string) => {
    await page.getByText(text).first().waitFor();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  };

  /** What the page is brought into, by its name. */
  const STATES: Readonly<Record<string, () => Promise<void>>> = {
    map: async () => {
      await show('map');
      await settled('States: press one to see where');
    },
    'map by node': async () => {
      await page.getByRole('button', { name: 'Granted by', exact: true }).click();
      await settled('n1');
    },
    address: async () => {
      await show(`map/${at[0]}`);
      await settled('This guest’s whole story');
    },
    'message that stays': async () => {
      await page.getByRole('button', { name: 'Release…' }).click();
      await page.locator('dialog').getByRole('button', { name: 'Release the lease' }).click();
      await settled('is kept: its guest answers');
    },
    leases: async () => {
      await show('leases');
      await settled('web-1');
      await page.getByLabel(`Select ${at[0]}`).check();
    },
    menu: async () => {
      await page.getByRole('button', { name: `Actions for ${at[1]}` }).click();
    },
    'dialog to release': async () => {
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Release…' }).click();
    },
    'dialog to reserve': async () => {
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'New reservation…' }).click();
      await page.getByRole('button', { name: 'Reserve', exact: true }).click();
      await settled('Write a VPS id');
    },
    'nothing matches': async () => {
      await show('leases?q=nobody');
      await settled('Nothing matches');
    },
    nodes: async () => {
      await show('nodes');
      await settled('Who answers whom');
    },
    story: async () => {
      await show(`live/${MAC}10`);
      await settled(`Has ${at[0]}.`);
    },
    health: async () => {
      await show('health');
      await settled('is well');
    },
    keys: async () => {
      await page.getByRole('button', { name: 'Keys' }).click();
      await settled('Single keys do something');
    },
    error: async () => {
      await answers('guests?limit=50*', problem(503, 'took-too-long'));
      await show('leases');
      await settled('This list could not be read');
    },
    loading: async () => {
      await answers('addresses*', () => new Promise(() => {}));
      await show('map');
      await page.locator('.bone').first().waitFor();
    },
    empty: async () => {
      await answers('guests*', (route) =>
        route.fulfill({ json: { items: [], total: 0, next: null, facets: {} } }),
      );
      await show('leases');
      await settled('No leases yet');
    },
    'read only': async () => {
      const info = await apiJson<object>(gateway, '/api/v1/info');
      await answers('info', (route) => route.fulfill({ json: { ...info, may_write: false } }));
      await show(`map/${at[0]}`);
      await settled('Read only. Press the lock above to make changes.');
    },
    'new guests get no address': async () => {
      await page.route('**/readyz', (route) =>
        route.fulfill({
          status: 503,
          json: {
            ok: false,
            verdict: 'not-served',
            problems: [{ id: 'store', message: 'no majority of etcd', remedy: '' }],
          },
        }),
      );
      await show('map');
      await settled('New guests get no address.');
    },
    disconnected: async () => {
      await show('map');
      await settled('States: press one to see where');
      await page.route('**/*', (route) => route.abort());
      await settled('No connection to this gateway');
    },
    'secret wanted': async () => {
      await page.goto('about:blank');
      await page.goto(PAGE);
      await settled('This gateway wants its secret');
    },
  };

  test('finds nothing in its way, in every state of the page: light, dark and narrow', {
    timeout: 240_000,
  }, async () => {
    const found: Record<string, readonly string[]> = {};
    for (const [state, bring] of Object.entries(STATES)) {
      await bring().catch((error) => {
        found[state] = [String(error)];
      });
      for (const [name, { colorScheme, ...size }] of Object.entries(WINDOWS)) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        const all = [...(await findings(page))];
        if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
          all.push('wider than its window');
        if (all.length > 0) found[`${state}, ${name}`] = all;
        await keepPicture(page, `${state} ${name}`);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }

    expect(found).toEqual({});
  });
});
