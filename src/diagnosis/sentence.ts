/** A text that begins small and has no full stop, as a sentence that others can follow. A command at its begin stays as it is. */
export function sentence(text: string): string {
  if (text === '') return '';
  return `${withCapital(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

export function withCapital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A remedy as it is typed, where it is one command and nothing else; else as it is. */
export function asTyped(remedy: string): string {
  return /^`([^`]+)`$/.exec(remedy)?.[1] ?? remedy;
}
