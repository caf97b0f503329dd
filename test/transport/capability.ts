import koffi from 'koffi';

const libc = koffi.load(null);
const capget = libc.func('int capget(void *header, void *sets)');
const capset = libc.func('int capset(void *header, void *sets)');

export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_RAW = 13;

/** Runs something synchronous while this thread lacks one capability below 32. */
export function withoutCapability<Result>(capability: number, run: () => Result): Result {
  const header = Uint32Array.of(0x20080522, 0); // _LINUX_CAPABILITY_VERSION_3, this thread.
  const sets = new Uint32Array(6); // effective, permitted, inheritable; then those from 32 on.
  check(capget(header, sets), 'capget');
  const lowered = Uint32Array.from(sets);
  lowered[0] = (sets[0] ?? 0) & ~(1 << capability);
  check(capset(header, lowered), 'capset');
  try {
    return run();
  } finally {
    check(capset(header, sets), 'capset');
  }
}

function check(result: number, call: string): void {
  if (result !== 0) throw new Error(`${call}: errno ${koffi.errno()}`);
}
