import type { LeaseCount, OrganizationCounts } from '../../reporting/organization-counts.ts';
import type { Family, MetricSample } from './exposition.ts';

/** What no reservation assigns to an organization. The sum over all of them is the whole. */
const NONE = '';

/** @param whole Undefined: it is not known. */
export function byOrganization(
  name: string,
  help: string,
  whole: number | undefined,
  parts: Readonly<Record<string, number>>,
): Family {
  const sum = Object.values(parts).reduce((all, part) => all + part, 0);
  const named = Object.entries(parts).map(
    ([organization, part]): MetricSample => [labelOf(organization), part],
  );
  const samples: readonly MetricSample[] =
    whole === undefined ? [] : [[labelOf(NONE), Math.max(0, whole - sum)], ...named];
  return { name, type: 'gauge', help, samples };
}

/** A count that only grows. */
export function growing(
  name: string,
  help: string,
  counts: OrganizationCounts | undefined,
  what: keyof LeaseCount,
): Family {
  const parts = Object.entries(counts?.of ?? {}).map(
    ([organization, count]) => [organization, count[what]] as const,
  );
  return { ...byOrganization(name, help, counts?.[what], Object.fromEntries(parts)), type: 'counter' };
}

function labelOf(organization: string) {
  return { organization_id: organization };
}
