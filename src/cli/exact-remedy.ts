import { droppingRulesFor } from '../diagnosis/firewall/read-firewall.ts';
import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Status } from '../reporting/status.ts';

/** The problems of a running gateway. It cannot read the firewall, this command can: the remedy is then what to type. */
export function problemsOf({ problems, interface: name }: Status): readonly RunningProblem[] {
  return problems.map((problem) => {
    const rules = problem.name === 'unheard' && name !== null ? (droppingRulesFor(name) ?? []) : [];
    return rules.length === 0 ? problem : { ...problem, remedy: rules.map(({ letIn }) => letIn).join('; ') };
  });
}
