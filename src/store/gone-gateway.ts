/** What is said of a gateway that is gone without a word. `name`: as people know it. `since`: wall clock, when it was there last. */
export function goneText(name: string, since: number, what: string): string {
  const when = new Date(since).toISOString().replace(/\.\d+Z$/, 'Z');
  return `the gateway ${name} was heard last at ${when}, and ${what}`;
}

/** @param look What to look at. */
export function goneRemedy(look: string): string {
  return `${look}; guests keep their leases, and the other gateways renew them; if it is not to come back, this is told for a day`;
}
