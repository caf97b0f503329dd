import { expect, test } from 'vitest';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import type { DoctorLine } from '../../src/diagnosis/doctor/doctor-line.ts';
import { apiJson, askApi } from '../support/api.ts';
import { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

type Settings = Readonly<Record<string, string>>;
interface Warning {
  readonly means: string;
  readonly remedy: string;
}
type Gateway = Pick<GatewayProcess, 'directory'>;

/** Whether a clock is set, and how long a sync takes, is the machine's and not the test's. */
const OF_THE_MACHINE = ['clock', 'sync', 'disk-space'];

/** What `health`, `doctor`, API and metrics say of one gateway. */
interface Said {
  readonly health: string;
  /** Lines of the doctor that are neither good nor of the machine. */
  readonly doctor: readonly string[];
  /** Their level and name. */
  readonly warnings: readonly string[];
  readonly status: string;
  readonly metrics: readonly string[];
}

async function saidOf(host: NamespaceHost, { directory }: Gateway, settings: Settings): Promise<Said> {
  const environment = { ...gatewayEnvironment(directory, settings) };
  const command = (...words: readonly string[]) =>
    run(host, [process.execPath, builtProgram(), ...words], environment);
  const { output: health, status } = await command('health');
  expect(status, health).toBe(0);
  const examined = await command('doctor', '--json');
  const { lines }: { lines: readonly DoctorLine[] } = JSON.parse(examined.output);
  const { items } = await apiJson<{ items: { id: string; level: string }[] }>(
    { directory },
    '/api/v1/warnings',
  );
  const info = await apiJson<{ status: string }>({ directory }, '/api/v1/info');
  const { text } = await askApi({ directory }, '/metrics');
  return {
    health,
    doctor: lines
      .filter(({ check, level }) => level !== 'good' && !OF_THE_MACHINE.includes(check))
      .map(({ level, check, message }) => `${level} ${check}: ${message}`),
    warnings: items.map(({ id, level }) => `${level} ${id}`),
    status: info.status,
    metrics: text.split('\n').filter((line) => line.startsWith('vps_gateway_problems{')),
  };
}

const WELL = { doctor: [], warnings: [], status: 'serving', metrics: [] };

describeSystem('a set-up of the documentation in which all is right', ['nft'], () => {
  const segment = useTestSegment();
  const PROBES = { GATEWAY_DHCP_ARP_PROBE: '300ms' };

  /** Guests of both: each gateway hears whom the others choose. */
  async function bootGuests(): Promise<void> {
    const client = segment().client();
    for (let number = 1; number <= 12; number += 1) await client.lease(hardwareOf(number));
  }

  test('one gateway is well before any guest has come', async () => {
    const gateway = await segment().gateway(PROBES);
    await gateway.untilManaged();

    const { health, ...said } = await saidOf(segment().node, gateway, PROBES);

    expect(said).toEqual(WELL);
    expect(health).toMatch(/^serving /);
  });

  test('one gateway is well', async () => {
    const gateway = await segment().gateway(PROBES);
    await gateway.untilManaged();
    await bootGuests();

    const { health, ...said } = await saidOf(segment().node, gateway, PROBES);

    expect(said).toEqual(WELL);
    expect(health).toMatch(/^serving on 10\.15\.3\.10 \(eth0, raw\): a new guest gets an address$/m);
  });

  test('two that share nothing are well, and name each other in a note with both ways out', async () => {
    const gateway = await segment().gateway(PROBES);
    await segment().gatewayAt(11, PROBES);
    await gateway.untilManaged();
    await bootGuests();

    const { means, remedy } = await eventually('a note', async () => {
      const { items } = await apiJson<{ items: Warning[] }>(gateway, '/api/v1/warnings');
      return items[0];
    });
    const said = await saidOf(segment().node, gateway, PROBES);

    const message = 'other gateways serve this pool, and nothing is shared with them: 10.15.3.11';
    expect(said).toEqual({
      health: expect.stringMatching(/^serving on 10\.15\.3\.10 /),
      doctor: [`note gateway-peers: ${message}`],
      warnings: ['note peers'],
      status: 'serving',
      metrics: [expect.stringContaining('problem="peers",level="note"')],
    });
    expect(`${means} ${remedy}`).toMatch(/ makes that rare\. Leave it so, .*\.$/);
    expect(`${means} ${remedy}`).not.toMatch(/[.!?] [a-z]/);
    const [, ...lines] = said.health.split('\n');
    expect(lines[0]).toBe(`note: ${message}`);
    expect(said.health).toMatch(
      /what to do: leave it so, unless .*etcd \(GATEWAY_ETCD_ENDPOINTS\).*\n?.*GATEWAY_DHCP_SHARE/,
    );
  });

  test('two with a share each are well', async () => {
    const share = (range: string) => ({ ...PROBES, GATEWAY_DHCP_SHARE: range });
    const first = share('10.15.3.20-10.15.3.136');
    const gateway = await segment().gateway(first);
    await segment().gatewayAt(12, share('10.15.3.137-10.15.3.254'));
    await gateway.untilManaged();
    await bootGuests();

    const { health, ...said } = await saidOf(segment().node, gateway, first);

    expect(said).toEqual(WELL);
    expect(health).toMatch(/^serving /);
  });
});

describeSystem(
  'three gateways that share their leases in etcd, all of it right',
  ['nft', 'etcd', 'etcdctl'],
  () => {
    test('are well, each of them', async () => {
      const cluster = await Cluster.open();
      try {
        await cluster.serve();
        for (let number = 1; number <= 12; number += 1) await cluster.client.lease(hardwareOf(number));
        for (const [place, { host, gateway }] of cluster.nodes.entries()) {
          if (gateway === undefined) throw new Error('no gateway');
          await gateway.untilManaged();

          const { health, ...said } = await saidOf(host, gateway, cluster.settingsOf(place));

          expect(said).toEqual(WELL);
          expect(health).toMatch(/^serving /);
        }
      } finally {
        await cluster.close();
      }
    });
  },
);
