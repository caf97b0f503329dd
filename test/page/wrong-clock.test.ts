import { afterEach, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { bootGuest, openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const HOUR = 3_600_000;

/** A script by which the clock of a browser is wrong. */
function clockOff(by: number): string {
  return `{
    const Right = Date;
    const now = () => Right.now() + ${by};
    Date = class extends Right {
      static now = now;
      constructor(...parts) {
        super(...(parts.length === 0 ? [now()] : parts));
      }
    };
  }`;
}

describeSystem('the web page in a browser whose clock is wrong', ['chromium'], () => {
  const segment = useTestSegment();
  let browser: Browser | undefined;
  afterEach(() => browser?.close());

  test.each([
    ['ahead', 29 * HOUR],
    ['behind', -7.5 * HOUR],
  ])('tells times and distances by the clock of the gateway: %s', async (_which, by) => {
    const gateway = await pageGateway(segment());
    const address = await bootGuest(segment().client(), 'bc:24:11:20:81:01', 'web-1');
    browser = await Browser.open(segment().node);
    const { page, complaints } = await browser.tab();
    await page.addInitScript(clockOff(by));

    await openPage(page, `map/${address}`);
    await page.getByText(/^Lease ends in (12 h 00|11 h 59) min, at /).waitFor();
    const shown = await page.locator('body').innerText();
    await gateway.end('SIGKILL');
    const lost = await page.getByText(/^No connection to this gateway since /).innerText();
    const [, since = ''] = /since (\d\d:\d\d:\d\d)/.exec(lost) ?? [];
    await page.getByText(/What you see is \d+ s old\./).waitFor();

    const [, footer = ''] = /· (\d\d:\d\d:\d\d) UTC/.exec(shown) ?? [];
    expect(shown).toMatch(/Last one \d+ s ago\./);
    expect(secondsFromNow(footer)).toBeLessThan(60);
    expect(secondsFromNow(since)).toBeLessThan(60);
    expect(complaints).toEqual([]);
  });
});

/** How far a time of today, or of yesterday, is from now. */
function secondsFromNow(clock: string): number {
  const time = Date.parse(`${new Date().toISOString().slice(0, 10)}T${clock}Z`);
  const distance = Math.abs(Date.now() - time) / 1000;
  return Math.min(distance, 86_400 - distance);
}
