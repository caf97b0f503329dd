import type { Admission } from '../parts/admission.ts';
import { admitOwnCard, unjudgedBudget } from './chaddr-admissions.ts';
import { relayDrop } from './relay-admission.ts';

/**
 * The checks that every gateway makes, in this order, with what they remember. The others, limits and the operator's rules of
 * who is served (`clientRuleAdmission`), come after them: `src/server/service/service.ts` adds them.
 */
export function basicAdmissions(): readonly Admission[] {
  return [
    (message, _arrival, _monotonic, plan) => relayDrop(message, plan) ?? 'admitted',
    admitOwnCard,
    unjudgedBudget(),
  ];
}
