import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { Browser, keepPicture } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { describeSystem } from '../support/system.ts';

/** Until guests have their leases: milliseconds. */
const START = 60_000;

describeSystem('the lab at a terminal', ['chromium', 'script'], () => {
  let lab: ChildProcess | undefined;
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
    if (lab === undefined || lab.exitCode !== null || lab.signalCode !== null) return;
    // The terminal is closed, which ends the lab.
    lab.kill('SIGTERM');
    await once(lab, 'exit');
  });

  test('prints a link to the page of its gateways, which shows its guests; a key prints another link', async () => {
    let text = '';
    // A terminal of its own, as a person would have it.
    lab = spawn('script', ['-qec', `${process.execPath} ${builtProgram()} lab`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TERM: 'xterm', COLUMNS: '200' },
    });
    lab.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
    const linksIn = () =>
      [...text.replace(/\s*\r?\n\s*/g, ' ').matchAll(/http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}/g)].map(
        ([link]) => link,
      );
    const link = await eventually('it has printed a link', () => linksIn()[0], START);

    browser = await Browser.open({ pid: process.pid });
    const { page, complaints } = await browser.tab();
    await page.goto(link);
    await page.getByText('Changes on').waitFor();
    await page
      .getByRole('gridcell', { name: /^10\.15\.3\.\d+, leased, / })
      .first()
      .waitFor();
    await keepPicture(page, 'lab-terminal');
    const { origin } = new URL(page.url());
    await page.goto(`${origin}/node-2/#nodes`);
    await page.getByText('10.15.3.11 · this page').waitFor();
    await page.context().clearCookies();
    const shut = await page.goto(`${origin}/`);
    await eventually('another link lets it in', async () => {
      lab?.stdin?.write('w');
      // A newer link ends the one before, and this one may be on its way.
      const answer = await page.goto(linksIn().at(-1) ?? '');
      return answer?.status() === 200;
    });
    await page.getByText('Changes on').waitFor();

    expect(shut?.status()).toBe(401);
    expect(complaints).toEqual([]);
  });
});
