import type { PlannedChange } from './planned-write.ts';

/** A planned change, and its index among the changes of its commit. */
export interface IndexedPlan {
  readonly index: number;
  readonly plan: PlannedChange;
}

/** Splits the changes of a commit into groups, one transaction each: etcd refuses to write a key twice in one transaction. */
export function transactionGroups(
  planned: readonly (PlannedChange | undefined)[],
): readonly (readonly IndexedPlan[])[] {
  const groups: { readonly plans: IndexedPlan[]; readonly keys: Set<string> }[] = [];
  for (const [index, plan] of planned.entries()) {
    if (plan === undefined) continue;
    const last = groups.at(-1);
    const isFree = last !== undefined && !plan.writes.some(({ key }) => last.keys.has(key));
    const group = isFree ? last : { plans: [], keys: new Set<string>() };
    if (!isFree) groups.push(group);
    group.plans.push({ index, plan });
    for (const { key } of plan.writes) group.keys.add(key);
  }
  return groups.map(({ plans }) => plans);
}
