import { ipv4ToText } from '../../../net/ipv4.ts';
import type { BuiltInClient, BuiltInLease } from '../guests/built-in-client.ts';
import type { Lab } from '../lab.ts';
import type { NodeGateway } from '../nodes/node-gateway.ts';
import {
  bootAt,
  doubles,
  doublesText,
  guestOf,
  NEWCOMER_PATIENCE,
  newcomerText,
  renewedNow,
} from './newcomers.ts';
import { type LabOrder, type LabStep, needsNodes, type StepResult } from './order.ts';

/** How long a guest that should get no lease goes on asking: milliseconds. */
const WATCH = 6000;

/** How long its gateway may take until it reaches the others, and with them etcd, again: milliseconds. */
const REACH_TIME = 60_000;

/** Guests of the cut node: one that was there before, and one that booted while it was cut off. */
interface CutGuests {
  readonly old: BuiltInClient | undefined;
  readonly had: BuiltInLease | undefined;
  readonly newcomer: BuiltInClient;
}

export function cutNode(lab: Lab): LabOrder {
  const victim = lab.gateways.at(-1);
  const other = lab.gateways[0];
  let guests: CutGuests | undefined;
  const isShared = lab.etcd !== undefined;
  return {
    name: 'cut',
    key: 'c',
    title: 'cut a node off',
    promise: isShared
      ? 'it leases nothing new without etcd; the other nodes go on'
      : 'new guests get leases on both sides',
    hindrance: needsNodes(lab.gateways.length, isShared ? 3 : 2),
    takes: 'network',
    needs: ['gateway', 'network', 'member'],
    says: () =>
      isShared
        ? `${victim?.name} loses its way to the other nodes, and with it to etcd. A new guest there should get no lease, as no other gateway would know of it; one on ${other?.name} should get one.`
        : `${victim?.name} loses its way to the other nodes. A new guest there should get a lease from it, and one on ${other?.name} should get one too.`,
    does: async () => {
      if (victim === undefined || other === undefined) throw new Error('no node');
      const old = await guestOf(lab, victim);
      lab.network.cut(victim.node);
      const [there, here] = await Promise.all([
        bootAt(lab, victim.node, isShared ? WATCH : NEWCOMER_PATIENCE),
        bootAt(lab, other.node),
      ]);
      here.client.release();
      guests = { old, had: old?.lease, newcomer: there.client };
      return {
        kept: here.lease !== undefined && (there.lease === undefined) === isShared,
        seen: `${newcomerText(lab, victim.node, there)}; ${newcomerText(lab, other.node, here)}`,
      };
    },
    undo: mended(lab, victim, () => guests),
  };
}

function mended(
  lab: Lab,
  victim: NodeGateway | undefined,
  guestsOfCut: () => CutGuests | undefined,
): LabStep {
  return {
    title: 'join the cut node again',
    promise: 'its guests keep their addresses, new ones get leases',
    says: () =>
      `${victim?.name} finds the other nodes again. A guest of it should keep its address, and a new one there should get a lease.`,
    does: async (): Promise<StepResult> => {
      const guests = guestsOfCut();
      if (victim === undefined || guests === undefined) throw new Error('no node was cut off');
      lab.network.mend(victim.node);
      const { old, had, newcomer } = guests;
      newcomer.release();
      const reaches = await victim.serves(REACH_TIME);
      const [renewed, booted] = await Promise.all([
        old === undefined ? undefined : renewedNow(old),
        bootAt(lab, victim.node),
      ]);
      const found = doubles(lab);
      booted.client.release();
      const before = had === undefined ? 'nothing' : ipv4ToText(had.address);
      const now = renewed === undefined ? 'no answer' : ipv4ToText(renewed.address);
      const late = reaches ? '' : `${victim.name} does not serve after ${REACH_TIME / 1000} s; `;
      return {
        kept:
          reaches && renewed?.address === had?.address && booted.lease !== undefined && found.length === 0,
        seen: `${late}${old?.identity.hostname} had ${before}, and renewed ${now}; ${newcomerText(lab, victim.node, booted)}; ${doublesText(found)}`,
      };
    },
  };
}
