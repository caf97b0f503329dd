import type { OutletFigures } from '../hooks/outlet.ts';
import type { Family, MetricSample } from './exposition.ts';

/** Of the hook and the webhook; none where neither is set. */
export function hookFamilies(outlets: readonly OutletFigures[]): readonly Family[] {
  const family = (
    name: string,
    type: Family['type'],
    help: string,
    figureOf: (outlet: OutletFigures) => number,
  ): Family => ({
    name,
    type,
    help,
    samples: outlets.map((each): MetricSample => [{ to: each.name }, figureOf(each)]),
  });
  return [
    {
      name: 'hook_documents_total',
      type: 'counter',
      help: 'Runs of the hook, and requests of the webhook, by what became of them.',
      samples: outlets.flatMap(({ name, outcomes }) =>
        Object.entries(outcomes).map(([outcome, count]): MetricSample => [{ to: name, outcome }, count]),
      ),
    },
    family('hook_changes_total', 'counter', 'Changes of leases that were taken.', ({ changes }) => changes),
    family(
      'hook_missed_total',
      'counter',
      'Changes of leases that were not taken, and are not told again.',
      ({ missed }) => missed,
    ),
    family('hook_waiting', 'gauge', 'Changes of leases that wait.', ({ waiting }) => waiting),
  ];
}
