/**
 * Listens for the signals that stop the gateway from the moment this module is loaded, which is before anything else is:
 * a signal during the start counts as well, and a process with number 1 has no default action for it. A terminal and npm
 * both pass Ctrl-C on, so the second signal comes within milliseconds of the first; only the first one means something.
 */
const first = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
});

/** Resolves with the first signal that asked the gateway to stop. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return first;
}
