import { MOST_OPERATIONS, type PlannedChange } from './planned-write.ts';

/** A planned change, and its index among the changes of its commit. */
export interface IndexedPlan {
  readonly index: number;
  readonly plan: PlannedChange;
}

/**
 * Splits the changes of a commit into groups, one transaction each: etcd refuses to write a key twice in one transaction, and too
 * many operations.
 */
export function transactionGroups(
  planned: readonly (PlannedChange | undefined)[],
): readonly (readonly IndexedPlan[])[] {
  const groups: Group[] = [];
  for (const [index, plan] of planned.entries()) {
    if (plan === undefined) continue;
    const last = groups.at(-1);
    const fits = last !== undefined && fitsInto(last, plan);
    const group = fits ? last : { plans: [], keys: new Set<string>(), largest: 0 };
    if (!fits) groups.push(group);
    group.plans.push({ index, plan });
    group.largest = Math.max(group.largest, sizeOf(plan));
    for (const { key } of plan.writes) group.keys.add(key);
  }
  return groups.map(({ plans }) => plans);
}

interface Group {
  readonly plans: IndexedPlan[];
  /** What they write. */
  readonly keys: Set<string>;
  /** The operations of the largest of them. */
  largest: number;
}

function fitsInto({ plans, keys, largest }: Group, plan: PlannedChange): boolean {
  if (plans.length + 1 + Math.max(largest, sizeOf(plan)) > MOST_OPERATIONS) return false;
  return !plan.writes.some(({ key }) => keys.has(key));
}

function sizeOf({ transaction }: PlannedChange): number {
  return Math.max(transaction.compare.length, transaction.success.length);
}
