import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiJson } from '../support/api.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { Cluster } from '../support/cluster.ts';
import { bootGuest, PAGE } from '../support/page-scene.ts';
import { describeSystem } from '../support/system.ts';

interface Member {
  readonly endpoint: string;
  readonly role: string;
}

describeSystem('the web page of gateways that share their leases', ['chromium', 'etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    cluster = await Cluster.open();
    await cluster.serve();
    const [node] = cluster.nodes;
    await node?.gateway?.untilManaged();
    await bootGuest(cluster.client, 'bc:24:11:20:7e:01', 'web-1');
    if (node === undefined) throw new Error('no node');
    browser = await Browser.open(node.host);
    ({ page, complaints } = await browser.tab());
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.close();
  });

  const members = async () => {
    const { directory } = cluster.nodes[0] ?? { directory: '' };
    const { sharing } = await apiJson<{ sharing: { members: Member[] } }>({ directory }, '/api/v1/info');
    return sharing.members;
  };

  test('shows the members of etcd with their roles, and who goes first for whom and why', async () => {
    await cluster.until(async () => expect(await members()).toHaveLength(3));

    await page.goto(`${PAGE}#nodes`);
    const card = page.getByRole('region', { name: 'etcd', exact: true });
    await card.getByText('3 members; one may fail').waitFor();
    await page.getByText('For 1 lease the hash of the client decided.').waitFor();
    const { node } = await apiJson<{ node: string }>(cluster.nodes[0] ?? { directory: '' }, '/api/v1/info');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain(node);
    expect(await page.title()).toContain(`Nodes · ${node}`);
    await keepPicture(page, 'nodes-etcd');
    const rows = await card.locator('tbody tr').allInnerTexts();

    const granted = await page
      .getByRole('row', { name: /^Leases granted/ })
      .getByRole('cell')
      .allInnerTexts();

    // All leases are known here, so a gateway without any is known to have none.
    expect(granted.sort()).toEqual(['0', '0', '1']);
    expect((await members()).map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader']);
    expect(
      rows.filter((row) => /^10\.15\.3\.1\d:\d+\s+leader\s+3\.\S+\s+[\d.]+ ms\s+\S+ [KM]iB$/.test(row)),
    ).toHaveLength(1);
    expect(rows.filter((row) => row.includes('follower'))).toHaveLength(2);
    expect(complaints).toEqual([]);
  });

  test('a member that does not answer is named, and how many more may fail', async () => {
    await cluster.etcd.kill(2);
    // It is asked once a minute.
    await cluster.until(
      async () => expect((await members()).map(({ role }) => role)).toContain('away'),
      100_000,
    );

    const card = page.getByRole('region', { name: 'etcd', exact: true });
    await card.getByText('1 of 3 members does not answer; no more may fail').waitFor();
    await keepPicture(page, 'nodes-etcd-away');

    expect(await card.locator('tbody tr').filter({ hasText: 'away' }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});
