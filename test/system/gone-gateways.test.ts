import { expect, test } from 'vitest';
import type { DoctorLine } from '../../src/diagnosis/doctor/doctor-line.ts';
import { apiJson } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Other {
  readonly address: string;
  readonly state: string;
  readonly selected_seconds: number | null;
  readonly arp_seconds: number | null;
  readonly arp_asked_seconds: number | null;
}

/** So long a gateway does not answer ARP until it is told as gone, and more than that: milliseconds. */
const GONE_WITHIN = 180_000;

describeSystem('gateways that share nothing', [], () => {
  const segment = useTestSegment();

  const othersOf = async (gateway: GatewayProcess) =>
    (await apiJson<{ other_gateways: Other[] }>(gateway, '/api/v1/info')).other_gateways;

  const isNotChosen = ({ selected_seconds: selected }: Other) => selected === null;
  const said = ({ log }: GatewayProcess) =>
    log
      .filter(({ msg }) => /^another gateway is (gone|back)$/.test(String(msg)))
      .map(({ gateway, msg }) => `${gateway}: ${msg}`);

  /** What doctor says on the first node of gateways that did not answer it. */
  async function unanswered({ directory }: GatewayProcess): Promise<readonly string[]> {
    const command = [process.execPath, builtProgram(), 'doctor', '--json'];
    const { output } = await run(segment().node, command, gatewayEnvironment(directory));
    const { lines }: { lines: readonly DoctorLine[] } = JSON.parse(output);
    return lines.filter(({ check }) => check === 'other-gateways').map(({ message }) => message);
  }

  test('know each other before any guest has chosen one; one that was killed, and one whose interface goes down, are named', async () => {
    const gateway = await segment().gateway();
    await gateway.untilManaged();
    const killed = await segment().gatewayAt(11);
    const node = await segment().nodeAt(12);
    await segment().gatewayOn(node, 12);
    await eventually('both have asked for this one', async () => {
      const others = await othersOf(gateway);
      return others.length === 2 && others.every(({ arp_asked_seconds: asked }) => asked !== null);
    });
    const found = await othersOf(gateway);
    const client = segment().client();
    for (let number = 1; (await othersOf(gateway)).some(isNotChosen) && number < 60; number += 1)
      await client.lease(hardwareOf(number));
    const before = await unanswered(gateway);

    await killed.end('SIGKILL');
    node.ip('link set eth0 down');
    const after = await unanswered(gateway);
    const stateOf = async (address: string) =>
      (await othersOf(gateway)).find((other) => other.address === address)?.state;
    await eventually('one is away', async () => (await stateOf('10.15.3.12')) === 'away', GONE_WITHIN);
    await eventually('it was told', () => said(gateway).length > 0);
    node.ip('link set eth0 up');
    await eventually('it is back', async () => (await stateOf('10.15.3.12')) === 'there', GONE_WITHIN);
    await eventually('that was told', () => said(gateway).length > 1);

    expect(found.map(({ address, state, selected_seconds: selected }) => [address, state, selected])).toEqual(
      [
        ['10.15.3.11', 'there', null],
        ['10.15.3.12', 'there', null],
      ],
    );
    expect(before).toEqual([]);
    expect(after).toEqual([
      'the gateway 10.15.3.11 is known, and did not answer a DHCPDISCOVER',
      'the gateway 10.15.3.12 is known, and did not answer a DHCPDISCOVER',
    ]);
    // The kernel of the one that was killed answers ARP.
    expect(await stateOf('10.15.3.11')).toBe('there');
    expect(said(gateway)).toEqual([
      '10.15.3.12: another gateway is gone',
      '10.15.3.12: another gateway is back',
    ]);
  }, 420_000);
});
