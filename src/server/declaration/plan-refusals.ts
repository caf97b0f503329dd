import type { RefusedChange } from '../../config/needs-restart.ts';
import { SETTINGS } from '../../config/settings.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { Prefix } from '../../net/prefix.ts';
import type { Plan } from '../../subnet/plan.ts';

/** The changes from one plan to the next that are impossible while leases run. */
export function planRefusals(before: Plan, after: Plan): readonly RefusedChange[] {
  const changes = [
    { row: SETTINGS.identity, from: before.identity, to: after.identity },
    {
      row: SETTINGS.subnetMask,
      from: prefixText(before.subnet.prefix),
      to: prefixText(after.subnet.prefix),
    },
    {
      row: SETTINGS.listenIp,
      from: ipv4ToText(before.serverIdentifier),
      to: ipv4ToText(after.serverIdentifier),
    },
  ];
  return changes
    .filter(({ from, to }) => from !== to)
    .map(({ row, from, to }) => ({ setting: row.variable, from, to, why: row.restart ?? '' }));
}

function prefixText({ network, length }: Prefix): string {
  return `${ipv4ToText(network)}/${length}`;
}
