import { setTimeout as delay } from 'node:timers/promises';
import { hardwareFromText, NO_HARDWARE } from '../../../net/hardware-address.ts';
import { ipv4FromText, UNSPECIFIED } from '../../../net/ipv4.ts';
import { RogueServer } from '../guests/rogue-server.ts';
import type { Lab } from '../lab.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { DEVICE } from '../segment.ts';
import { bootAt, type Newcomer, newcomerText } from './newcomers.ts';
import type { LabOrder, StepResult } from './order.ts';
import { plugStranger } from './stranger.ts';

const ADDRESS = '10.15.3.66';
/** A network of its own, as such a server mostly has. */
const OFFERED = '192.168.1.100';
/** How long it may take to receive a DHCPDISCOVER, and the gateways to name it: milliseconds. */
const PATIENCE = 10_000;
const LOOK_EVERY = 200;

interface Running {
  readonly host: NamespaceHost;
  readonly server: RogueServer;
}

export function startRogue(lab: Lab): LabOrder {
  let running: Running | undefined;
  const gateway = lab.gateways[1] ?? lab.gateways[0];
  if (gateway === undefined) throw new Error('no node');
  const { node, name } = gateway;
  return {
    name: 'rogue',
    key: 'r',
    title: 'start a rogue server',
    promise: `each gateway names ${ADDRESS} in its health, and guests get leases beside it`,
    needs: ['gateway', 'network'],
    says: () =>
      `a server on ${name} answers DHCPDISCOVERs as ${ADDRESS}, somewhat late. Each gateway should name it in log and health, and a new guest should still get a lease from a gateway.`,
    does: async () => {
      running = await started(node);
      const newcomer = await bootBeside(lab, node, running.server);
      const named = await whoNames(lab);
      const text = named.length === 0 ? `no gateway names ${ADDRESS}` : `named by ${named.join(', ')}`;
      return {
        kept: named.length === lab.gateways.length && newcomer.lease !== undefined,
        seen: `${text}; ${newcomerText(lab, node, newcomer)}`,
      };
    },
    undo: {
      title: 'stop the rogue server',
      promise: 'guests get leases as before',
      says: () => 'a new guest should get a lease from a gateway.',
      does: async (): Promise<StepResult> => {
        running?.server.close();
        await running?.host.close();
        running = undefined;
        const newcomer = await bootAt(lab, node);
        newcomer.client.release();
        return { kept: newcomer.lease !== undefined, seen: newcomerText(lab, node, newcomer) };
      },
    },
  };
}

async function started(node: SegmentNode): Promise<Running> {
  const host = await plugStranger(node, 'veth666i0');
  const hardware = host.run('cat', `/sys/class/net/${DEVICE}/address`).trim();
  const server = new RogueServer(
    host,
    ipv4FromText(ADDRESS) ?? UNSPECIFIED,
    hardwareFromText(hardware) ?? NO_HARDWARE,
    ipv4FromText(OFFERED) ?? UNSPECIFIED,
  );
  return { host, server };
}

/** A bridge may forward nothing to a new port for up to a second, so guests boot until the server has received a DHCPDISCOVER. */
async function bootBeside(lab: Lab, node: SegmentNode, server: RogueServer): Promise<Newcomer> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const newcomer = await bootAt(lab, node);
    newcomer.client.release();
    if (server.requests > 0 || newcomer.lease === undefined || lab.isEnding || Date.now() > end)
      return newcomer;
    await delay(LOOK_EVERY);
  }
}

/** The gateways that have named it, as soon as all have, or the time is over. */
async function whoNames(lab: Lab): Promise<readonly string[]> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const asked = lab.gateways.map(async (gateway) => ({
      name: gateway.name,
      rogues: (await gateway.health())?.rogueServers ?? [],
    }));
    const named = (await Promise.all(asked))
      .filter(({ rogues }) => rogues.some(({ server }) => server === ADDRESS))
      .map(({ name }) => name);
    if (named.length === lab.gateways.length || lab.isEnding || Date.now() > end) return named;
    await delay(LOOK_EVERY);
  }
}
