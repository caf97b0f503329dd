/** One operation, measured alone. */
export interface MicroResult {
  readonly name: string;
  readonly nanoseconds: number;
  /** Of V8's heap, for one; what lies beside it is not counted. */
  readonly bytes: number;
}

const WARM_UP = 30_000;
const MEASURED = 50_000;
/** So few that nothing is collected while they are counted. */
const COUNTED = 20_000;
const ROUNDS = 5;

/** What keeps V8 from leaving out work whose result nobody looks at. */
let sink: unknown;

/** Runs `operation` with numbers from 0; the median round's time. Needs --expose-gc. */
export function repeat(name: string, operation: (index: number) => unknown): MicroResult {
  for (let index = 0; index < WARM_UP; index += 1) sink = operation(index);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    for (let index = 0; index < MEASURED; index += 1) sink = operation(index);
    times.push(((performance.now() - start) * 1e6) / MEASURED);
  }
  const [nanoseconds = Number.NaN] = times.sort((a, b) => a - b).slice(ROUNDS >> 1);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < COUNTED; index += 1) sink = operation(index);
  const bytes = (process.memoryUsage().heapUsed - before) / COUNTED;
  return { name, nanoseconds, bytes: Math.max(0, bytes) };
}

/** The last result, for nobody. */
export function lastResult(): unknown {
  return sink;
}
