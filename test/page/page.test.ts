import { readFileSync } from 'node:fs';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { PacketOption } from '../support/packet.ts';
import {
  bootGuest,
  enterSecret,
  openPage,
  PAGE,
  pageGateway,
  reserve,
  SECRET,
} from '../support/page-scene.ts';
import { type RawClient, selecting } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = 'bc:24:11:20:7c:';
/** Names that guests may send, and how they are shown. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(2)</script>',
  'a'.repeat(255),
  'büro-straße-日本',
  '=cmd|calc',
] as const;

describeSystem('the web page of a gateway that serves', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let client: RawClient;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const at = new Map<string, string>();

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    client = segment().client();
    for (const [index, name] of ['web-1', 'db-2', 'mail-3', ...HOSTILE].entries())
      at.set(name, await bootGuest(client, `${MAC}${(16 + index).toString(16)}`, name));
    await reserve(gateway, 'vps-9', {
      mac: ['bc:24:11:00:00:09'],
      address: '10.15.3.99',
      hostname: 'idle-9',
      note: '<b>note</b>',
    });
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
  });
  afterAll(() => browser.close());

  const addressOf = (name: string) => at.get(name) ?? '';
  const toast = () => page.locator('.toast');

  test('shows nothing without the secret, says that a wrong one is wrong, and opens by the right one', async () => {
    await page.goto(PAGE);
    await page.getByRole('heading', { name: 'This gateway wants its secret' }).waitFor();
    await keepPicture(page, 'secret-wanted');
    const before = await page.locator('main').innerText();

    await page.getByRole('button', { name: 'Enter the secret…' }).click();
    await page.locator('input[name=secret]').fill('no');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the secret.').waitFor();
    await page.locator('input[name=secret]').fill(SECRET);
    await page.keyboard.press('Enter');

    await page.getByRole('grid', { name: 'Addresses of 10.15.3.0/24' }).waitFor();
    expect(before).not.toContain('10.15.3');
    expect(await page.getByText('New guests get an address.').count()).toBe(1);
    expect(
      await page.evaluate('JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + location.href'),
    ).not.toContain(SECRET);
  });

  test('what is answered before anything was painted is shown', async () => {
    const { page: late } = await browser.tab();
    // As in a tab behind others, or on a machine that is busy.
    await late.addInitScript(`{
      const later = setTimeout;
      requestAnimationFrame = () => 0;
      setTimeout = (run, time = 0) => later(run, time + 500);
    }`);
    await late.goto(PAGE);

    await late.getByRole('button', { name: 'Enter the secret…' }).waitFor();
    await late.close();
  });

  test('the map has each address by its state; a press shows what is known, and Escape leads back', async () => {
    const cell = page.getByRole('gridcell', { name: new RegExp(`^${addressOf('web-1')}, leased, web-1`) });
    await cell.hover();
    await page.locator('.hover').getByText('web-1').waitFor();

    await cell.click();
    const panel = page.getByRole('complementary', { name: `Address ${addressOf('web-1')}` });
    await panel.getByText('bound').waitFor();
    await keepPicture(page, 'address');
    const told = await panel.innerText();
    const url = page.url();
    await page.keyboard.press('Escape');

    await panel.waitFor({ state: 'detached' });
    expect(told).toContain(`${MAC}10`);
    expect(url).toContain(`#map/${addressOf('web-1')}`);
    expect(await page.evaluate('document.activeElement.dataset.a')).toBe(addressOf('web-1'));
    expect(await page.getByRole('gridcell', { name: '10.15.3.1, router', exact: true }).count()).toBe(1);
    expect(await page.getByRole('gridcell', { name: /^10\.15\.3\.99, reserved, idle/ }).count()).toBe(1);
  });

  test('on the map arrows move by cell and row, and one stop of the tab key is enough', async () => {
    await page.locator('[data-a="10.15.3.60"]').focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'End', 'ArrowUp', 'Home']) await page.keyboard.press(key);

    expect(await page.evaluate('document.activeElement.dataset.a')).toBe('10.15.3.60');
    expect(await page.locator('.map [tabindex="0"]').count()).toBe(1);
  });

  test('names that guests chose are text everywhere, whatever they are', async () => {
    for (const name of HOSTILE.slice(0, 2)) {
      await page.goto(`${PAGE}#map/${addressOf(name)}`);
      await page.getByRole('complementary').locator('bdi').getByText(name, { exact: true }).first().waitFor();
    }
    await page.goto(`${PAGE}#leases`);
    await page.getByRole('table').waitFor();
    await keepPicture(page, 'hostile-names');
    const names = await page.locator('td.g bdi').allTextContents();
    await page.goto(`${PAGE}#map/10.15.3.99`);
    await page.getByText('<b>note</b>').waitFor();

    expect(names).toEqual(expect.arrayContaining([HOSTILE[0], HOSTILE[1]]));
    expect(await page.locator('main img, main script, main b:has-text("note") b').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('the search is left by Enter for the keys of the rows, and by Escape when it is empty', async () => {
    await page.goto(`${PAGE}#leases`);
    await page.getByLabel('Search leases').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('web');
    await page.keyboard.press('Enter');
    await eventually('one row is left', async () => (await page.locator('td.a').count()) === 1);
    await page.keyboard.press('j');
    const focused = await page.evaluate('document.activeElement.textContent');
    const search = page.getByLabel('Search leases');
    for (const key of ['/', 'Escape']) await page.keyboard.press(key);
    await eventually('the search is empty', async () => (await search.inputValue()) === '');
    await page.keyboard.press('Escape');
    await eventually('the search is left', () => page.evaluate('document.activeElement.id !== "find"'));
    await page.keyboard.press('3');

    expect(focused).toBe(addressOf('web-1'));
    await page.waitForURL(/#nodes/);
  });

  test('the list is searched, filtered and sorted, and all of that stands in its address', async () => {
    await page.goto(`${PAGE}#leases`);
    const addresses = () => page.locator('td.a').allTextContents();
    const shows = (...wanted: readonly string[]) =>
      eventually(`the list has ${wanted}`, async () => {
        const found = await addresses();
        return found.length === wanted.length && wanted.every((each) => found.includes(each));
      });

    await page.keyboard.press('/');
    await page.keyboard.type('web db');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await keepPicture(page, 'nothing-matches');
    await page.getByRole('button', { name: 'Clear search and filters' }).click();
    await page.getByLabel('Search leases').fill('web');
    await shows(addressOf('web-1'));
    await page.getByLabel('Search leases').fill('state:leased -web -mail -db -img -script -aaa -straße');
    await shows(addressOf('=cmd|calc'));
    await page.getByLabel('Search leases').fill('');
    await page.getByRole('button', { name: /^Reserved, idle/ }).click();
    await shows('10.15.3.99');
    await page.getByRole('button', { name: /^Leased/ }).click();
    await shows('10.15.3.99', ...at.values());
    const several = page.url();
    await page.getByRole('button', { name: /^Leased/ }).click();
    await shows('10.15.3.99');
    await page.reload();
    await enterSecret(page);
    await shows('10.15.3.99');
    await page.getByRole('button', { name: /^Reserved, idle/ }).click();
    for (const [column, place] of [
      ['VPS id', 'v'],
      ['Granted by', 'n'],
      ['MAC', 'm'],
      ['Guest', 'g'],
    ] as const) {
      await page.getByRole('button', { name: column, exact: true }).click();
      await page.locator(`th.${place}[aria-sort="ascending"]`).waitFor();
    }
    await page.getByRole('button', { name: 'MAC', exact: true }).click();
    await page.getByRole('button', { name: 'MAC', exact: true }).click();
    await eventually('the last card is first', async () => (await addresses())[0] === addressOf('=cmd|calc'));

    expect(several).toMatch(/#leases\?state=reserved-idle%2Cbound$/);
    expect(page.url()).toContain('#leases?sort=-mac');
  });

  test('the list comes as a file in which no name is a formula', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');

    expect(text.split('\r\n')[0]).toContain('address,mac,hostname,state');
    expect(text).toContain(`${addressOf('web-1')},${MAC}10,web-1,bound`);
    expect(text).toContain("'=cmd|calc");
  });

  test('the number of a guest stays its VPS where its reservation names none', async () => {
    const [id, port] = ['shop', 'veth101i0'];
    const list = await apiJson<{ items: object[] }>(gateway, `/api/v1/guests?q=${addressOf('db-2')}`);
    const items = list.items.map((each) => ({ ...each, vps_id: id, reservation_id: id, port }));
    await page.route('**/api/v1/guests?*', (route) => route.fulfill({ json: { ...list, items } }));
    await openPage(page, 'leases');
    const cell = page.locator(`tr[data-address="${addressOf('db-2')}"] td.v`);
    await cell.waitFor();
    const shown = await cell.innerText();
    await page.unrouteAll({ behavior: 'ignoreErrors' });

    expect(shown).toBe('101');
  });

  test('a lease becomes a reservation in one step, with name and address to change, and is edited and removed', async () => {
    await openPage(page, `leases?q=${addressOf('db-2')}`);
    await page.getByRole('button', { name: `Actions for ${addressOf('db-2')}` }).click();
    await page.getByRole('menuitem', { name: 'Reserve…' }).click();
    await page.locator('input[name=hostname]').fill('db-primary');
    await keepPicture(page, 'reserve');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();
    await toast()
      .getByText(
        `${addressOf('db-2')} is reserved for db-primary at this gateway alone. Nothing changes for the guest now.`,
      )
      .waitFor();
    await page.getByText('Reserved, in use').first().waitFor();
    const made = await apiJson(gateway, '/api/v1/reservations/db-2');

    await page.getByRole('button', { name: `Actions for ${addressOf('db-2')}` }).click();
    await page.getByRole('menuitem', { name: 'Edit reservation…' }).click();
    await page.locator('dialog').getByText('It holds at this gateway alone.').waitFor();
    await page.locator('input[name=note]').fill('the first one');
    await page.getByRole('button', { name: 'Save' }).click();
    await toast()
      .getByText(/^Saved the reservation of \S+ at this gateway alone\.$/)
      .waitFor();
    const changed = await apiJson(gateway, '/api/v1/reservations/db-2');
    await openPage(page, `map/${addressOf('db-2')}`);
    await page.getByRole('button', { name: 'Remove reservation…' }).click();
    await page.locator('dialog').getByText('this VPS id. It is removed at this gateway alone.').waitFor();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await toast()
      .getByText(`Removed the reservation of ${addressOf('db-2')} at this gateway alone.`)
      .waitFor();

    expect(made).toMatchObject({ address: addressOf('db-2'), mac: [`${MAC}11`], hostname: 'db-primary' });
    expect(changed).toMatchObject({ note: 'the first one', hostname: 'db-primary' });
    expect(await apiJson(gateway, '/api/v1/reservations')).toMatchObject({ total: expect.any(Number) });
  });

  test('a reservation that cannot be is refused in the dialog, which keeps what was written', async () => {
    await openPage(page, 'leases');
    await page.getByRole('button', { name: 'New reservation…' }).click();
    await page.locator('input[name=id]').fill('vps-9');
    await page.locator('input[name=address]').fill('1');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();
    await page.getByRole('alert').getByText('There is a reservation of vps-9 already').waitFor();
    await page.locator('input[name=id]').fill('vps-10');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();
    await page.getByRole('alert').getByText('No guest may have that address').waitFor();
    await page.locator('input[name=address]').fill('');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();

    await toast()
      .getByText(/^10\.15\.3\.\d+ is reserved for vps-10 at this gateway alone\./)
      .waitFor();
  });

  test('where gateways share nothing, the dialog wants the address, and says that it holds at this one alone', async () => {
    const info = await apiJson<object>(gateway, '/api/v1/info');
    const evidence = { is_gateway: true, selected_seconds: 9, arp_seconds: 9, arp_asked_seconds: 9 };
    const other = { address: '10.15.3.11', state: 'there', ...evidence };
    const json = { ...info, peers: ['10.15.3.11'], other_gateways: [other], may_write: true };
    await page.goto('about:blank');
    await page.goto(`${PAGE}#leases`);
    await page.getByRole('button', { name: 'Enter the secret…' }).waitFor();
    await page.route(/\/api\/v1\/info/, (route) => route.fulfill({ json }));
    await enterSecret(page);
    await page.getByRole('button', { name: 'New reservation…' }).click();
    await page.getByText('so none of them can choose one. It holds at this gateway alone: reserve').waitFor();
    await page.locator('input[name=id]').fill('vps-11');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();
    await page.getByRole('alert').getByText('Write the address').waitFor();
    await page.locator('input[name=address]').fill('111');
    await page.getByRole('button', { name: 'Reserve', exact: true }).click();

    await toast().getByText('10.15.3.111 is reserved for vps-11 at this gateway alone.').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('of several leases those end whose guests are silent; one that answers is kept, and named', async () => {
    client.holds.delete(addressOf('mail-3'));
    await openPage(page, 'leases');
    for (const name of ['web-1', 'mail-3']) await page.getByLabel(`Select ${addressOf(name)}`).check();
    await page.getByRole('region', { name: 'Selected' }).getByRole('button', { name: 'Release…' }).click();
    await page.getByRole('heading', { name: 'Release 2 leases?' }).waitFor();
    await keepPicture(page, 'release-several');
    const focused = await page.evaluate('document.activeElement.textContent.trim()');
    await page.locator('dialog input[name=reason]').fill('old machines');
    await page.getByRole('button', { name: 'Release 2 leases' }).click();

    await toast()
      .getByText(`Released 1 of 2. ${addressOf('web-1')} is kept: its guest answers.`)
      .waitFor();
    expect(focused).toBe('Keep them');
    expect(await apiJson(gateway, `/api/v1/leases/${addressOf('web-1')}`)).toMatchObject({ state: 'bound' });
    expect(await apiJson(gateway, `/api/v1/history?address=${addressOf('mail-3')}&limit=1`)).toMatchObject({
      items: [{ reason: 'released-by-operator', author: 'api', note: 'old machines' }],
    });
  });

  test('an address is taken out of use for a time and put back', async () => {
    await openPage(page, 'map/10.15.3.118');
    await page.getByRole('button', { name: 'Quarantine…' }).click();
    await page.locator('input[name=for]').fill('soon');
    await page.getByRole('button', { name: 'Quarantine', exact: true }).click();
    await page.getByText('Write for how long').waitFor();
    await page.locator('input[name=for]').fill('30 min');
    await page.getByRole('button', { name: 'Quarantine', exact: true }).click();
    await toast()
      .getByText(/^Quarantined 10\.15\.3\.118 until .*, for 30 min\.$/)
      .waitFor();
    await page.getByText(/^In quarantine until/).waitFor();
    await page.getByRole('button', { name: 'Put back into use…' }).click();
    await page.getByRole('button', { name: 'Put it back' }).click();

    await toast().getByText('Put back 10.15.3.118').waitFor();
    await page.getByRole('gridcell', { name: /^10\.15\.3\.118, free/ }).waitFor();
  });

  test('decisions come as they are made, can be held, and one guest has its story', async () => {
    await openPage(page, 'live');
    await page.getByRole('table').waitFor();
    const fresh = await bootGuest(client, `${MAC}40`, 'fresh-1');
    const row = page.getByRole('row').filter({ hasText: 'fresh-1' });
    await row.filter({ hasText: 'bound' }).filter({ hasText: /\d ms/ }).first().waitFor();
    await row.filter({ hasText: 'offered' }).filter({ hasText: /\d ms/ }).first().waitFor();
    await page.getByText(/^Last one \d+ s ago, in [\d.]+ ms\.$/).waitFor();
    await keepPicture(page, 'live');
    await page.keyboard.press('p');
    await bootGuest(client, `${MAC}41`, 'later-1');
    await page.getByRole('button', { name: /Go on \([1-9]\d* new\)/ }).waitFor();
    const held = await page
      .getByRole('row')
      .filter({ hasText: `${MAC}41` })
      .count();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Refused', exact: true }).click();
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('button', { name: 'Refused', exact: true }).click();
    await row.getByRole('button').first().click();

    const story = page.getByRole('complementary', { name: 'One guest’s story' });
    await story.getByText(`Has ${fresh}.`).waitFor();
    await keepPicture(page, 'story');
    expect(held).toBe(0);
    expect(page.url()).toContain(`#live/${MAC}40`);
    expect(await story.locator('.word').allTextContents()).toEqual(['offered', 'bound']);
  });

  test('a guest is named as soon as it has its lease, also if it was seen without one before', async () => {
    await openPage(page, 'live');
    await page.getByRole('table').waitFor();
    const named: PacketOption = [12, ...new TextEncoder().encode('slow-1')];
    const lookedUp = page.waitForResponse(/lookup\?mac=.*43$/);
    const offer = await client.discover(`${MAC}43`);
    await lookedUp;
    const asked = selecting(offer);
    await client.ask({ ...asked, options: [...(asked.options ?? []), named] });

    await page.getByRole('row').filter({ hasText: 'slow-1' }).filter({ hasText: 'bound' }).first().waitFor();
  });

  test('the decisions of the time in which the view opens are not missed', async () => {
    const bootFirst = async (route: Route) => {
      await bootGuest(client, `${MAC}42`, 'early-1');
      await route.continue();
    };
    await page.route(/\/events\?.*decision/, bootFirst, { times: 1 });
    await openPage(page, 'live');

    const row = page.getByRole('row').filter({ hasText: 'early-1' });
    await row.filter({ hasText: 'offered' }).first().waitFor();
  });

  test('what is wrong is told with what to do, and can be hidden in this browser', async () => {
    await apiJson(gateway, '/api/v1/addresses/10.15.3.119/quarantine', { method: 'POST', body: {} });
    await openPage(page, 'health');
    await page.getByText('10.15.3.119: out of use').waitFor();
    await page.getByText('vps-gateway addresses ask 10.15.3.119').waitFor();
    await keepPicture(page, 'health');
    await page.getByRole('button', { name: 'Hide for 24 h' }).click();

    await page.getByText('1 hidden in this browser.').waitFor();
    expect(await page.getByText('Leases are stored').count()).toBe(1);
  });

  test('the theme is the system’s until another one is chosen, which is remembered', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.keyboard.press('t');
    const light = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.reload();

    expect(dark).toBe('rgb(13, 16, 21)');
    expect(light).toBe('rgb(246, 247, 249)');
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(light);
    await page.keyboard.press('t');
  });

  test('single keys can be switched off', async () => {
    await openPage(page, 'map');
    await page.keyboard.press('?');
    await page.getByLabel(/Single keys do something/).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    const view = await page.evaluate('location.hash');
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByLabel(/Single keys do something/).check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');

    expect(view).toBe('#map');
    expect(await page.evaluate('location.hash')).toBe('#leases');
  });

  test('a page that has lost its gateway says so, lets nothing be pressed, and comes back by itself', async () => {
    await openPage(page, `map/${addressOf('web-1')}`);
    await page.getByRole('button', { name: 'Release…' }).waitFor();
    await gateway.end('SIGKILL');
    await page.getByText('No connection to this gateway since').waitFor();
    await page.getByText('Not known now.').waitFor();
    await keepPicture(page, 'lost');
    const isOff = await page.getByRole('button', { name: 'Release…' }).isDisabled();

    gateway = await pageGateway(segment(), {}, gateway.directory);
    await toast()
      .getByText(/^Connected again\./)
      .waitFor();
    await page.getByText('New guests get an address.').waitFor();

    expect(isOff).toBe(true);
    expect(
      await page.getByRole('gridcell', { name: new RegExp(`^${addressOf('web-1')}, leased`) }).count(),
    ).toBe(1);
    expect(complaints).toEqual([]);
  });
});
