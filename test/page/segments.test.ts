import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { Browser, keepPicture } from '../support/browser.ts';
import { openPage, PAGE, pageGateway } from '../support/page-scene.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const SETTINGS = `
segments:
  - name: a
    interface: eth0
    pools: [10.15.3.50-10.15.3.59]
  - name: b
    interface: eth1
    gateway: 10.16.0.1
    pools: [10.16.0.20-10.16.0.29]
`;

describeSystem('the web page of a gateway that serves several segments', ['chromium'], () => {
  const first = useTestSegment(24, 'all');
  let second: LabSegment | undefined;
  let browser: Browser | undefined;
  afterAll(async () => {
    await browser?.close();
    await second?.close();
  });

  test('shows one of them, and another one when that is chosen', async () => {
    second = await LabSegment.open('10.16.0.1/24');
    const { node } = first();
    second.router.ip(`link add node1 type veth peer name eth1 netns ${node.pid}`);
    second.router.ip('link set node1 master br0 up');
    node.ip('addr add 10.16.0.10/24 dev eth1');
    node.ip('link set eth1 up');
    const file = join(first().folder(), 'settings.yaml');
    writeFileSync(file, SETTINGS);
    await pageGateway(first(), { GATEWAY_CONFIG: file });
    browser = await Browser.open(node);
    const { page, complaints } = await browser.tab();

    await openPage(page, 'map');
    await page.getByRole('grid', { name: 'Addresses of 10.15.3.0/24' }).waitFor();
    await page.getByLabel('Segment', { exact: true }).selectOption('b');
    await page.getByRole('grid', { name: 'Addresses of 10.16.0.0/24' }).waitFor();
    await keepPicture(page, 'segments');
    const url = page.url();
    await page.getByRole('link', { name: 'Leases' }).click();
    await page.getByText('10.16.0.20 – 10.16.0.29').waitFor();
    const ofList = page.url();
    await page.getByLabel('Segment', { exact: true }).selectOption('a');
    await page.getByRole('grid', { name: 'Addresses of 10.15.3.0/24' }).waitFor();

    expect(url).toBe(`${PAGE}?segment=b#map`);
    expect(ofList).toBe(`${PAGE}?segment=b#leases`);
    expect(page.url()).toBe(`${PAGE}?segment=a#map`);
    expect(complaints).toEqual([]);
  });
});
