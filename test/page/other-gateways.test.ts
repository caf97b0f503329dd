import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { openPage, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Other {
  readonly address: string;
  readonly state: string;
  readonly is_gateway: boolean;
  readonly selected_seconds: number | null;
  readonly arp_seconds: number | null;
  readonly arp_asked_seconds: number | null;
}

interface Info {
  readonly node: string;
  readonly other_gateways: readonly Other[];
}

describeSystem('the web page of gateways that share nothing', ['chromium'], () => {
  const segment = useTestSegment(24, 'all');
  let gateway: GatewayProcess;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    gateway = await pageGateway(segment());
    await segment().gatewayAt(11);
    browser = await Browser.open(segment().node);
    ({ page, complaints } = await browser.tab());
    await eventually('the other gateway was found', async () =>
      (await infoOf()).other_gateways.some(({ arp_asked_seconds: asked }) => asked !== null),
    );
  });
  afterAll(() => browser?.close());

  const infoOf = () => apiJson<Info>(gateway, '/api/v1/info');
  /** What a row says of the other gateway. */
  const cell = async (title: string) =>
    (
      await page
        .getByRole('row', { name: new RegExp(`^${title}`) })
        .locator('td')
        .last()
        .innerText()
    )
      .replace(/\s*differs from the others$/, '')
      .trim();
  const cells = () =>
    Promise.all(['State', 'A guest chose it', 'Answered ARP', 'Looked for this one'].map(cell));
  const mark = (name: string) => page.getByRole('columnheader', { name }).locator('.nm svg');

  test('shows one that has asked for this one, and has not done enough to be known as a gateway, as maybe another machine', async () => {
    await openPage(page, 'nodes');
    await page.getByText('known by ARP').waitFor();

    expect(await cells()).toEqual([
      'maybe another machine',
      'not yet',
      expect.stringMatching(/^\d+ s ago$/),
      expect.stringMatching(/^\d+ s ago$/),
    ]);
    expect(await mark('10.15.3.11').getAttribute('class')).toContain('quiet');
    expect(await page.getByRole('link', { name: '1 gateway', exact: true }).count()).toBe(1);
    await keepPicture(page, 'nodes-nothing-shared');
    expect(complaints).toEqual([]);
  });

  const chosen = { is_gateway: true, selected_seconds: 720, arp_seconds: 20, arp_asked_seconds: 40 };
  test.each<[string, Omit<Other, 'address'>, readonly string[], string, string]>([
    [
      'chosen by a guest',
      { ...chosen, state: 'there' },
      ['seen', '12 min ago', '20 s ago', '40 s ago'],
      'tone-good',
      '2 gateways',
    ],
    [
      'away',
      { ...chosen, state: 'away', arp_seconds: 250, arp_asked_seconds: 300 },
      ['gone', '12 min ago', 'not for 4 min', '5 min ago'],
      'tone-warn',
      '1 of 2 gateways',
    ],
    [
      'stopped',
      { ...chosen, state: 'stopped', arp_asked_seconds: 200 },
      ['gone', '12 min ago', '20 s ago', 'not for 3 min'],
      'tone-warn',
      '1 of 2 gateways',
    ],
    [
      'chosen by a guest, where ARP cannot be asked',
      { ...chosen, state: 'unknown', arp_seconds: null, arp_asked_seconds: null },
      ['not known', '12 min ago', '–', '–'],
      'quiet',
      '2 gateways',
    ],
    [
      'only a machine that answers ARP',
      {
        ...{ state: 'there', is_gateway: false, selected_seconds: null },
        ...{ arp_seconds: 20, arp_asked_seconds: null },
      },
      ['maybe another machine', 'not yet', '20 s ago', '–'],
      'quiet',
      '1 gateway',
    ],
    [
      'chosen by nobody, and known as a gateway by its questions',
      { ...chosen, state: 'there', selected_seconds: null },
      ['seen', 'not yet', '20 s ago', '40 s ago'],
      'tone-good',
      '2 gateways',
    ],
  ])('shows one that is %s as that', async (_, other, told, tone, count) => {
    const json = { ...(await infoOf()), other_gateways: [{ address: '10.15.3.11', ...other }] };
    await page.route(/\/api\/v1\/info/, (route) => route.fulfill({ json }));
    await page.goto('about:blank');
    await openPage(page, 'nodes');
    await page.getByRole('row', { name: /^State/ }).waitFor();

    expect(await cells()).toEqual(told);
    expect(await mark('10.15.3.11').getAttribute('class')).toContain(tone);
    expect(await page.getByRole('link', { name: count, exact: true }).count()).toBe(1);
    await keepPicture(page, `nodes-other-${other.state}`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    expect(complaints).toEqual([]);
  });

  const shared = (node: string) => ({
    ...{ other_gateways: [], cluster: ['10.15.3.11'], store: 'etcd', status: 'degraded', verdict: 'served' },
    sharing: {
      gateways: [
        { node, listen_ip: '10.15.3.10', clock_offset_seconds: null },
        { node: 'pve2', listen_ip: '10.15.3.11', clock_offset_seconds: 0.001 },
      ],
      gone: [{ node: 'pve3', listen_ip: '10.15.3.12' }],
      ...{ members: [], members_as_of: null, certificates: [], mirror_age_seconds: 0 },
    },
  });
  const GONE_WARNING = {
    ...{ id: 'gateway-gone', level: 'no-guest-suffers', since: null, title: 'pve3 is gone', means: '' },
    ...{ remedy: 'Look there.', command: null, node: '' },
  };
  const OWN_WARNING = { ...GONE_WARNING, id: 'lease-file', title: 'the lease file is old' };

  test.each([
    [
      'one is gone: it keeps its column, and this one serves without a mark',
      ...[{ can_promise: true }, [GONE_WARNING], ['serving', 'alive', 'gone'], ['good', 'good', 'warn']],
      ...['2 of 3 gateways', 'Gateway gone'],
    ],
    [
      'one is gone, and something is wrong here too: this one is marked as degraded',
      ...[{ can_promise: true }, [GONE_WARNING, OWN_WARNING], ['degraded', 'alive', 'gone']],
      ...[['warn', 'good', 'warn'], '2 of 3 gateways', 'degraded'],
    ],
    [
      'this one does not reach etcd: of no other one is said that it is alive',
      ...[{ can_promise: false, verdict: 'not-served' }, [], ['degraded', 'not known', 'not known']],
      ...[['bad', 'quiet', 'quiet'], '– gateways', 'cut off'],
    ],
  ] as const)(
    'of gateways that share their leases, %s',
    async (...[, changes, items, told, tones, count, name]) => {
      const real = await infoOf();
      const json = { ...real, ...shared(real.node), ...changes };
      await page.route(/\/api\/v1\/info/, (route) => route.fulfill({ json }));
      await page.route(/\/api\/v1\/warnings/, (route) =>
        route.fulfill({ json: { items, total: items.length, as_of: new Date().toISOString() } }),
      );
      await page.goto('about:blank');
      await openPage(page, 'nodes');
      const state = page.getByRole('row', { name: /^State/ });
      await state.waitFor();
      await page.getByRole('link', { name: count, exact: true }).waitFor();

      const texts = await state.locator('td').allInnerTexts();
      expect(texts.map((text) => text.replace(/\s*differs from the others$/, '').trim())).toEqual(told);
      const marks = page.locator('.cmp thead .nm svg');
      const classes = await marks.evaluateAll((all) => all.map((each) => each.getAttribute('class') ?? ''));
      expect(tones.map((tone, index) => classes[index]?.includes(tone))).toEqual([true, true, true]);
      await keepPicture(page, `nodes-shared-${name.replaceAll(' ', '-')}`);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      expect(complaints).toEqual([]);
    },
  );
});
