/** `ip link` prints `5: eth0@if6: <...>`: a number, the name, what the link hangs on. */
const PRINTED = /^(?:\d+:\s*)?([^\s/:@]{1,15})(?:@[^\s:]*)?(?::.*)?$/s;

/** What is meant by the name of an interface that was copied with more of what `ip link` prints; undefined: nothing more is there. */
export function printedName(text: string): string | undefined {
  const name = PRINTED.exec(text.trim())?.[1];
  return name === text ? undefined : name;
}

/** What to say to whoever wrote more than the name. */
export const NAME_ENDS =
  'of what `ip link` prints, the name begins behind the number and ends before `@` or `:`';
