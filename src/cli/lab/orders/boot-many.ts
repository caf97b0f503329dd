import { ipv4ToText } from '../../../net/ipv4.ts';
import type { BuiltInLease } from '../guests/built-in-client.ts';
import type { Lab } from '../lab.ts';
import { doubles, doublesText, secondsSince } from './newcomers.ts';
import type { LabOrder } from './order.ts';

const COUNT = 100;
/** Milliseconds. */
const PATIENCE = 30_000;
const PROGRESS_EVERY = 1000;

export function bootMany(lab: Lab): LabOrder {
  return {
    name: 'boot',
    key: 'b',
    title: `${COUNT} guests boot`,
    promise: `each of ${COUNT} has a lease, no address is given twice`,
    needs: ['network'],
    says: () => 'on all nodes at once. Each should have a lease soon, and no address should be given twice.',
    does: async (progress) => {
      progress('they are plugged in, each at a port of its own');
      const clients = await lab.crowd.gather(COUNT);
      const begin = Date.now();
      const timer = setInterval(() => {
        progress(`${clients.filter(({ lease }) => lease !== undefined).length} of ${COUNT} have a lease`);
      }, PROGRESS_EVERY);
      const took: number[] = [];
      const booted = clients.map(async (client) => {
        const lease = await client.boot(PATIENCE);
        if (lease !== undefined) took.push(Date.now() - begin);
        return lease;
      });
      const leases = (await Promise.all(booted)).filter((lease) => lease !== undefined);
      const seconds = secondsSince(begin);
      clearInterval(timer);
      const found = doubles(lab);
      const half = `half of them within ${((took[took.length >> 1] ?? 0) / 1000).toFixed(1)} s`;
      const count = `${leases.length} of ${COUNT} have a lease after ${seconds} s, ${half}`;
      return {
        kept: leases.length === COUNT && found.length === 0,
        seen: `${count}: ${byGateway(lab, leases)}; ${doublesText(found)}`,
      };
    },
  };
}

/** `node-1 34, node-2 33, node-3 33` */
function byGateway(lab: Lab, leases: readonly BuiltInLease[]): string {
  const counts = new Map<string, number>();
  for (const { server } of leases) {
    const name = lab.nameOf(ipv4ToText(server));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
