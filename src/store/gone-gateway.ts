/**
 * What is said of a gateway that is gone, and has not said that it would end.
 *
 * @param name As people know it.
 * @param lastAt When it was heard last: milliseconds of the wall clock.
 * @param sign What shows that it is gone.
 */
export function goneText(name: string, lastAt: number, sign: string): string {
  const when = new Date(lastAt).toISOString().replace(/\.\d+Z$/, 'Z');
  return `the gateway ${name} was heard last at ${when}, and ${sign}`;
}

/**
 * @param look What to look at.
 * @param toldFor For how long the gateway is said to be gone.
 */
export function goneRemedy(look: string, toldFor: string): string {
  return `${look}; its guests keep their leases, and another gateway answers them at the latest when these end; if it is not to come back, do nothing: this is told for ${toldFor}`;
}
