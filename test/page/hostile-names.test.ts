import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { bootGuest, openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const MAC = 'bc:24:11:20:80:';
const MARK = '\u0301';
/** What guests send as their name, and what the page shows. */
const NAMES: Readonly<Record<string, readonly [sent: string | Uint8Array, shown: string]>> = {
  markup: ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  'the end of an attribute': [`'"><b>x`, `'"><b>x`],
  'a template': [`{{7*7}}\${1}`, `{{7*7}}\${1}`],
  'a command': ['`rm -rf`', '`rm -rf`'],
  'a member of all objects': ['__proto__', '__proto__'],
  'another direction': ['abc\u202egpj.exe', 'abc?gpj.exe'],
  'control characters': ['a\u0000\u0007\n\u001b[2Jb', 'a????[2Jb'],
  'no UTF-8': [new Uint8Array([0xff, 0xfe, 0x80, 0x61]), '???a'],
  '255 octets without a break': ['W'.repeat(255), 'W'.repeat(255)],
  'marks that cover what is above and below': [
    `z${MARK.repeat(120)}`,
    `z${MARK.repeat(3)}${'\\u0301'.repeat(117)}`,
  ],
  'letters that show nothing': ['\u3164\u2800', '\\u3164\\u2800'],
  'spaces alone': ['   ', '\\u0020\\u0020\\u0020'],
  'a joiner that joins nothing': ['a\u200db', 'a\\u200db'],
  'letters that are joined': ['سلام\u200cها', 'سلام\u200cها'],
  'an emoji': ['🏴\u200d☠\ufe0f', '🏴\u200d☠\ufe0f'],
  'a formula behind a semicolon': ['x;=1+1;y', 'x;=1+1;y'],
};
const ALL = Object.keys(NAMES);
const ACTIONS = { 'Reserve…': 'Reserve', 'Release…': 'Release the lease', 'Quarantine…': 'Quarantine' };

describeSystem('names that guests choose', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const at = new Map<string, string>();

  beforeAll(async () => {
    await pageGateway(segment());
    const client = segment().client();
    for (const [index, [title, [sent]]] of Object.entries(NAMES).entries())
      at.set(title, await bootGuest(client, macOf(index), sent));
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
  });
  afterAll(() => browser.close());

  const macOf = (index: number) => `${MAC}${(16 + index).toString(16)}`;
  const show = (view: string) => page.evaluate(`location.hash = ${JSON.stringify(`#${view}`)}`);
  /** Of what is shown: whatever became an element, and whatever reaches beyond the window. */
  const faults = () =>
    page.evaluate<readonly string[]>(`[
      ...[...document.querySelectorAll('img, iframe, main script, bdi *')].map(({ outerHTML }) => outerHTML),
      ...[...document.querySelectorAll('html, dialog, .panel')].filter((each) => each.scrollWidth > each.clientWidth).map(({ tagName }) => tagName + ' is too wide'),
    ]`);

  describe.each([1280, 360])('in a window of %i pixels', (width) => {
    beforeAll(async () => {
      await page.setViewportSize({ width, height: 800 });
      await openPage(page, 'map');
    });

    test.each(ALL)(
      '%s: is text on the map and in every dialog, whose buttons stay in sight',
      async (title) => {
        const [, shown] = NAMES[title] ?? [];
        const address = at.get(title) ?? '';
        await show(`map/${address}`);
        const panel = page.getByRole('complementary', { name: `Address ${address}` });
        await panel.locator('dd bdi').first().waitFor();

        expect(await panel.locator('dd bdi').first().textContent()).toBe(shown);
        expect(await page.locator(`[data-a="${address}"]`).getAttribute('aria-label')).toContain(
          `, ${shown}, `,
        );
        for (const [action, confirm] of Object.entries(ACTIONS)) {
          await panel.getByRole('button', { name: action }).click();
          const box = await page
            .locator('dialog')
            .getByRole('button', { name: confirm, exact: true })
            .boundingBox();
          expect(box?.x).toBeGreaterThan(0);
          expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan(width);
          expect(await faults()).toEqual([]);
          await page.keyboard.press('Escape');
        }
      },
    );

    test('they are text in the list, in the stream and in their stories', async () => {
      await show('leases');
      await page.getByRole('table').waitFor();
      const listed = await page.locator('td.g bdi').allTextContents();
      const inList = await faults();
      await show('live');
      await page.getByRole('table').waitFor();
      await keepPicture(page, `hostile-names-live-${width}`);
      const inStream = await faults();
      for (const [index, title] of ALL.entries()) {
        await show(`live/${macOf(index)}`);
        const story = page.getByRole('complementary', { name: 'One guest’s story' });
        await story.getByText(`Has ${at.get(title)}.`).waitFor();
        expect(await story.getByRole('heading').first().textContent()).toBe(NAMES[title]?.[1]);
        expect(await faults()).toEqual([]);
      }

      expect(listed.toSorted()).toEqual(
        Object.values(NAMES)
          .map(([, shown]) => shown)
          .toSorted(),
      );
      expect([...inList, ...inStream, ...complaints]).toEqual([]);
    });
  });

  test('in a file for spreadsheets none begins a formula, also where semicolons separate', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await show('leases');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);

    expect(readFileSync(await download.path(), 'utf8')).toContain(",x;'=1+1;y,");
  });
});
