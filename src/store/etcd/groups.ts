import type { PlannedChange } from './planned-write.ts';

/** A planned change, and its place among those of its commit. */
export interface Placed {
  readonly place: number;
  readonly plan: PlannedChange;
}

/** Changes that go out together: no key may be written twice in one transaction. */
export function groupsOf(planned: readonly (PlannedChange | undefined)[]): readonly (readonly Placed[])[] {
  const groups: { readonly plans: Placed[]; readonly keys: Set<string> }[] = [];
  for (const [place, plan] of planned.entries()) {
    if (plan === undefined) continue;
    const last = groups.at(-1);
    const isFree = last !== undefined && !plan.writes.some(({ key }) => last.keys.has(key));
    const group = isFree ? last : { plans: [], keys: new Set<string>() };
    if (!isFree) groups.push(group);
    group.plans.push({ place, plan });
    for (const { key } of plan.writes) group.keys.add(key);
  }
  return groups.map(({ plans }) => plans);
}
