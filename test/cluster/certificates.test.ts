import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CertifiedCluster, type CertifiedNode } from '../support/certified-cluster.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

const SOON = 20_000;
const DHCPACK = 5;

describeSystem(
  'three nodes by what `cluster certificates` and `cluster etcd-config` wrote',
  ['etcd', 'etcdctl', 'openssl'],
  () => {
    let cluster: CertifiedCluster;
    let guests = 0;
    const lease = () => {
      guests += 1;
      return bootUntilLeased(cluster.client, hardwareOf(guests), SOON);
    };
    const healthy = (node: CertifiedNode) => cluster.control(node, ['endpoint', 'health']);

    beforeAll(async () => {
      cluster = await CertifiedCluster.open();
      for (const number of [1, 2, 3]) await cluster.add(`node${number}`, `10.15.3.${9 + number}`);
      await cluster.certify(cluster.list);
      await Promise.all(cluster.nodes.map((node) => cluster.startMember(node)));
      const [first] = cluster.nodes as [CertifiedNode];
      await cluster.until(() => healthy(first));
      const begun = await cluster.tryProgram(first.host, await cluster.settingsOf(first), 'init');
      if (begun.status !== 0) throw new Error(begun.errors);
      await Promise.all(cluster.nodes.map((node) => cluster.startGateway(node)));
    }, 180_000);
    afterAll(() => cluster.close());

    /** The serial number of the certificate that a node's member shows, to clients or to other members. */
    async function shown(node: CertifiedNode, port: number): Promise<string> {
      const place = cluster.certificatesOf(node);
      const own = ['-cert', join(place, 'node.crt'), '-key', join(place, 'node.key')];
      const target = ['openssl', 's_client', '-connect', `${node.address}:${port}`, ...own];
      const { output } = await run(node.host, target);
      return new X509Certificate(output.slice(output.indexOf('-----BEGIN'))).serialNumber;
    }

    test('guests are served, and every gateway takes part', async () => {
      const [first] = cluster.nodes as [CertifiedNode];

      expect((await lease()).type).toBe(DHCPACK);
      const settings = await cluster.settingsOf(first);
      await cluster.until(async () => {
        const { output } = await cluster.tryProgram(first.host, settings, 'status');
        expect(['10.15.3.10', '10.15.3.11', '10.15.3.12'].filter((ip) => !output.includes(ip))).toEqual([]);
      });
    }, 120_000);

    test('the key of the authority is on no node', () => {
      const names = cluster.nodes.map((node) => existsSync(join(cluster.certificatesOf(node), 'ca.key')));

      expect(names).toEqual(cluster.nodes.map(() => false));
      expect(existsSync(join(cluster.out, 'authority/ca.key'))).toBe(true);
    });

    test('a client without a certificate is refused', async () => {
      const [first] = cluster.nodes as [CertifiedNode];
      const bare = {
        ...(await cluster.settingsOf(first)),
        GATEWAY_ETCD_ENDPOINTS: `https://${first.address}:2379`,
        GATEWAY_ETCD_CERT: '',
        GATEWAY_ETCD_KEY: '',
      };

      await expect(cluster.control(first, ['get', 'a'], 'nothing')).rejects.toThrow();
      const asked = await cluster.tryProgram(first.host, bare, 'init');

      expect([asked.status, asked.errors]).toEqual([
        69,
        expect.stringContaining('etcd wants a client certificate, and none is set'),
      ]);
    }, 120_000);

    test('a node is added later, with a certificate of the same authority; those of the others are kept', async () => {
      const [first, ...others] = cluster.nodes as [CertifiedNode, ...CertifiedNode[]];
      const before = cluster.copied(first, 'node.crt');

      const node = await cluster.add('node4', '10.15.3.13');
      const what = await cluster.certify(cluster.list);
      await cluster.control(first, ['member', 'add', 'node4', `--peer-urls=https://${node.address}:2380`]);
      await cluster.startMember(node, '--existing');
      await cluster.until(() => healthy(node));
      await cluster.startGateway(node);

      expect(what).toEqual({ node1: 'kept', node2: 'kept', node3: 'kept', node4: 'made' });
      expect(cluster.copied(first, 'node.crt')).toBe(before);
      expect(others.map((other) => cluster.copied(other, 'ca.crt'))).toContain(
        cluster.copied(node, 'ca.crt'),
      );
      await cluster.until(async () => {
        const { output } = await cluster.tryProgram(node.host, await cluster.settingsOf(node), 'status');
        expect(output).toContain('10.15.3.13');
      });
    }, 120_000);

    test('a renewed certificate is taken up by member and gateway without a restart', async () => {
      const [first] = cluster.nodes as [CertifiedNode];
      const before = await shown(first, 2379);

      await cluster.certify(`${first.name}=${first.address}`, '--renew');

      const { serialNumber } = new X509Certificate(cluster.copied(first, 'node.crt'));
      expect(serialNumber).not.toBe(before);
      expect([await shown(first, 2379), await shown(first, 2380)]).toEqual([serialNumber, serialNumber]);
      await first.gateway?.until('it used the new certificate', () =>
        (first.gateway?.log ?? []).some(
          ({ msg }) => msg === 'a new certificate is used for the next connection to etcd',
        ),
      );
      expect((await lease()).type).toBe(DHCPACK);
    }, 120_000);

    test('a renewed authority is taken up by one member after the other, and guests are served throughout', async () => {
      const certificates = cluster.nodes.map((node) => cluster.copied(node, 'node.crt'));

      const what = await cluster.certify(cluster.list, '--renew-authority');
      for (const node of cluster.nodes) {
        await cluster.stopMember(node);
        cluster.reviveMember(node);
        await cluster.until(() => healthy(node));
        expect((await lease()).type).toBe(DHCPACK);
      }

      expect(new Set(Object.values(what))).toEqual(new Set(['authority-renewed']));
      expect(cluster.nodes.map((node) => cluster.copied(node, 'node.crt'))).toEqual(certificates);
    }, 120_000);
  },
);
