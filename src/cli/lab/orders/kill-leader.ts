import { ipv4ToText } from '../../../net/ipv4.ts';
import type { Lab } from '../lab.ts';
import type { EtcdMembers } from '../nodes/etcd-members.ts';
import type { NodeGateway } from '../nodes/node-gateway.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { comesBack, leasedFrom } from './kill-gateway.ts';
import { bootAt, leaseText, NEWCOMER_PATIENCE, newcomerText, secondsSince } from './newcomers.ts';
import { type LabOrder, needsNodes } from './order.ts';

/** With etcd the member that leads; without, the gateway that answers a guest first. */
export function killLeader(lab: Lab): LabOrder {
  return lab.etcd === undefined ? killFirstGateway(lab) : killMember(lab, lab.etcd);
}

function killMember(lab: Lab, etcd: EtcdMembers): LabOrder {
  let killed = 0;
  return {
    name: 'leader',
    key: 'l',
    title: 'kill the leader of etcd',
    promise: 'another member leads, and new guests get leases again within seconds',
    hindrance: etcd.endpoints.length > 1 ? undefined : 'one node has one member: --nodes 2',
    takes: 'member',
    needs: ['gateway', 'network', 'member'],
    says: () =>
      'SIGKILL for the member that leads. Another one should lead soon, and a new guest should get a lease, after some seconds at most.',
    does: async () => {
      const node = firstNode(lab);
      killed = await etcd.leader();
      await etcd.kill(killed);
      const begin = Date.now();
      const [newcomer, leader] = await Promise.all([bootAt(lab, node), newLeader(etcd, begin)]);
      newcomer.client.release();
      return {
        kept: newcomer.lease !== undefined && leader !== undefined,
        seen: `member ${killed + 1} led; ${leader ?? 'no other one leads'}; ${newcomerText(lab, node, newcomer)}`,
      };
    },
    undo: {
      title: 'the killed member comes back',
      promise: 'it follows the others',
      says: () => `member ${killed + 1} should follow the others, with the data that it had.`,
      does: async () => {
        etcd.revive(killed);
        const begin = Date.now();
        await etcd.untilAnswers(killed);
        return { kept: true, seen: `member ${killed + 1} follows after ${secondsSince(begin)} s` };
      },
    },
  };
}

/** What is seen of the new leader; undefined: there is none. */
async function newLeader(etcd: EtcdMembers, begin: number): Promise<string | undefined> {
  const leader = await etcd.leader(NEWCOMER_PATIENCE).catch(() => undefined);
  return leader === undefined ? undefined : `member ${leader + 1} leads after ${secondsSince(begin)} s`;
}

function killFirstGateway(lab: Lab): LabOrder {
  let killed: NodeGateway | undefined;
  let before: ReadonlySet<string> = new Set();
  return {
    name: 'leader',
    key: 'l',
    title: 'kill the gateway that answers first',
    promise: 'the guest that has its offer gets a lease from another gateway',
    hindrance: needsNodes(lab.gateways.length, 2),
    takes: 'gateway',
    needs: ['gateway', 'network', 'member'],
    says: () =>
      'without etcd nothing leads, so SIGKILL is for the gateway whose offer a new guest has just got. The guest should get no answer, begin again, and get a lease from another gateway.',
    does: async () => {
      const node = firstNode(lab);
      const client = await lab.crowd.newcomer(node);
      const offer = await client.discover(NEWCOMER_PATIENCE);
      if (offer === undefined) return { kept: false, seen: 'a new guest got no offer' };
      killed = lab.gateways.find(({ address }) => address === ipv4ToText(offer.server));
      if (killed !== undefined) before = leasedFrom(lab, killed);
      await killed?.kill();
      const begin = Date.now();
      const lease = (await client.select(offer)) ?? (await client.boot(NEWCOMER_PATIENCE));
      client.release();
      const got = lease === undefined ? 'no lease' : leaseText(lab, lease);
      return {
        kept: lease !== undefined && lease.server !== offer.server,
        seen: `offered ${leaseText(lab, offer)}; it has ${got} after ${secondsSince(begin)} s`,
      };
    },
    undo: comesBack(
      lab,
      'that gateway comes back',
      () => killed,
      () => before,
    ),
  };
}

function firstNode({ gateways: [first] }: Lab): SegmentNode {
  if (first === undefined) throw new Error('no gateway');
  return first.node;
}
