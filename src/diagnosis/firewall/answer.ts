/** Whether a rule matches the message; unknown: it asks for something that nobody can know beforehand. */
export type Answer = 'yes' | 'no' | 'unknown';

/** yes: every answer is. */
export function all(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

/** yes: at least one answer is. */
export function any(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

export function not(answer: Answer): Answer {
  if (answer === 'unknown') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

export function isSo(claim: boolean): Answer {
  return claim ? 'yes' : 'no';
}
