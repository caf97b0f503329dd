import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser } from '../support/browser.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { bootGuest, openPage, pageGateway } from '../support/page-scene.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const OTHER_SECRET = 'another-horse-battery';

describeSystem('two tabs of the web page', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let client: RawClient;
  let browser: Browser;
  let tabs: readonly Page[] = [];
  const at: string[] = [];

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    client = segment().client();
    for (const number of [0, 1, 2])
      at.push(await bootGuest(client, `bc:24:11:20:83:0${number}`, `web-${number}`));
    browser = await Browser.open(segment().node);
    tabs = [(await browser.tab()).page, (await browser.tab()).page];
  });
  afterAll(() => browser.close());

  const [addressOf, two] = [(number: number) => at[number] ?? '', () => tabs as [Page, Page]];
  /** Opens the same dialog in both. */
  const ask = async (address: string, action: string) => {
    for (const page of tabs) {
      await openPage(page, `map/${address}`);
      await page.getByRole('button', { name: action }).click();
    }
  };
  const press = (page: Page, button: string) =>
    page.locator('dialog').getByRole('button', { name: button, exact: true }).click();

  test('end a lease once: whoever comes second is told that it has ended', async () => {
    client.holds.delete(addressOf(0));
    await ask(addressOf(0), 'Release…');

    await Promise.all(tabs.map((page) => press(page, 'Release the lease')));

    const said = (page: Page) =>
      page
        .locator('.toast')
        .getByText(/^(Released 10\.15\.3\.\d+\.|10\.15\.3\.\d+ is not leased\.)$/)
        .innerText();
    const [one, other] = await Promise.all(two().map(said));
    expect([one, other].toSorted()).toEqual([`${addressOf(0)} is not leased.`, `Released ${addressOf(0)}.`]);
    const history = `/api/v1/history?address=${addressOf(0)}&limit=2`;
    expect(await apiJson(gateway, history)).toMatchObject({
      items: [{ reason: 'released-by-operator' }, { reason: 'bound' }],
    });
  });

  test('do not overwrite each other’s reservation: whoever comes second is told in the dialog', async () => {
    const [one, other] = two();
    await ask(addressOf(1), 'Reserve…');
    await press(one, 'Reserve');
    await one.locator('dialog').waitFor({ state: 'detached' });
    await other.locator('input[name=hostname]').fill('mine');
    await press(other, 'Reserve');
    await other.getByRole('alert').getByText('There is a reservation of web-1 already').waitFor();

    await ask(addressOf(1), 'Edit reservation…');
    for (const [page, note] of [
      [one, 'first'],
      [other, 'second'],
    ] as const)
      await page.locator('input[name=note]').fill(note);
    await press(one, 'Save');
    await one.locator('dialog').waitFor({ state: 'detached' });
    await press(other, 'Save');
    await other.getByRole('alert').getByText('Somebody else has changed it meanwhile.').waitFor();

    expect(await other.locator('input[name=note]').inputValue()).toBe('second');
    expect(await apiJson(gateway, '/api/v1/reservations/web-1')).toMatchObject({
      hostname: 'web-1',
      note: 'first',
    });
  });

  test('keep what is written in a dialog while the gateway is started anew', async () => {
    const [page] = two();
    await openPage(page, `map/${addressOf(2)}`);
    await page.getByRole('button', { name: 'Reserve…' }).click();
    await page.locator('input[name=hostname]').fill('written');
    await gateway.end('SIGKILL');
    await press(page, 'Reserve');
    await page.getByRole('alert').getByText('The gateway did not answer.').waitFor();

    gateway = await pageGateway(segment(), {}, gateway.directory);
    await page.getByText('New guests get an address.').waitFor();
    await press(page, 'Reserve');

    await page
      .locator('.toast')
      .getByText(`${addressOf(2)} is reserved for written at this gateway alone.`)
      .waitFor();
  });

  test('show nothing more when the secret has become another one, and go on with that', async () => {
    const [page, other] = two();
    await openPage(page, `map/${addressOf(2)}`);
    await page.getByText('This guest’s whole story').waitFor();
    await openPage(other, 'leases');
    await other.getByText('web-2').first().waitFor();

    await gateway.end('SIGKILL');
    gateway = await pageGateway(segment(), { GATEWAY_API_SECRET: OTHER_SECRET }, gateway.directory);
    for (const each of tabs)
      await each.getByRole('heading', { name: 'This gateway wants its secret' }).waitFor();
    const shown = await Promise.all(tabs.map((each) => each.locator('body').innerText()));
    await page.getByRole('button', { name: 'Enter the secret…' }).click();
    await page.locator('input[name=secret]').fill(OTHER_SECRET);
    await page.keyboard.press('Enter');

    await page.getByRole('complementary', { name: `Address ${addressOf(2)}` }).waitFor();
    expect(shown.join()).not.toMatch(/10\.15\.3\.|written|web-2/);
  });
});
