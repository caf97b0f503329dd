import type { Admission } from './admission.ts';
import { admitOwnCard, unjudgedBudget } from './chaddr-admissions.ts';
import { relayRefusal } from './relay-refusal.ts';

/** The checks that every gateway makes, in this order, with what they remember. */
export function ownAdmissions(): readonly Admission[] {
  return [
    (message, _arrival, _monotonic, plan) => relayRefusal(message, plan) ?? 'admitted',
    admitOwnCard,
    unjudgedBudget(),
  ];
}
